/** Pushes, generated: commands right and wrong, alone and together, with packs that bring what they promise or do not. */
import fc from 'fast-check';
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import type { ObjectModel } from './object-model.ts';

export interface PushQuestion {
  readonly pkts: readonly OutgoingPkt[];
  readonly pack: Buffer;
  readonly sideBand: boolean;
  readonly isAtomic: boolean;
}

type CommandKind =
  | 'create'
  | 'advance'
  | 'rewind'
  | 'delete'
  | 'stale'
  | 'create-existing'
  | 'delete-missing'
  | 'delete-nothing'
  | 'again'
  | 'unchanged'
  | 'below-existing'
  | 'above-existing'
  | 'bad-name'
  | 'hidden'
  | 'HEAD'
  | 'blob-as-branch'
  | 'missing-object'
  | 'tag';

interface CommandPlan {
  readonly kind: CommandKind;
  readonly ref: number;
  readonly name: number;
  readonly commit: number;
}

interface PushPlan {
  readonly commands: readonly CommandPlan[];
  readonly capabilities: readonly string[];
  readonly pushOptions: readonly string[];
  readonly pack: 'needed' | 'everything' | 'empty';
}

const KINDS: readonly CommandKind[] = [
  ...(['create', 'create', 'advance', 'advance', 'rewind', 'delete', 'delete', 'tag'] as const),
  ...([
    'stale',
    'create-existing',
    'delete-missing',
    'unchanged',
    'delete-nothing',
    'again',
    'below-existing',
    'above-existing',
  ] as const),
  ...(['bad-name', 'hidden', 'HEAD', 'blob-as-branch', 'missing-object'] as const),
];

const NEW_NAMES = ['new', 'new/deeper', 'feature', 'x/y/z', 'ünï', 'a@b', 'refs/heads/twice', '-dash'];
const BAD_NAMES = [
  ...['refs/heads/a..b', 'refs/heads/.a', 'refs/heads/a.lock', 'refs/heads/a b', 'refs/heads/a~1', 'refs/heads/a^'],
  ...['refs/heads/a:b', 'refs/heads/a?', 'refs/heads/a*', 'refs/heads/a[', 'refs/heads/a\\b', 'refs/heads/a/'],
  ...['refs/heads//a', 'refs/heads/@{', 'refs/heads/@', 'main', 'refs/', 'refs/x', 'refs', '../a', 'refs/heads/a\x7f'],
  ...[
    'refs/heads/-',
    'refs/heads/HEAD',
    'refs/heads/a.',
    'refs/heads/a/.b',
    'FETCH_HEAD',
    'refs/../a',
    '/refs/heads/a',
  ],
];

const CAPABILITIES = [
  'report-status',
  'report-status-v2',
  'side-band-64k',
  'atomic',
  'quiet',
  'ofs-delta',
  'agent=x/1',
];

const pushPlan: fc.Arbitrary<PushPlan> = fc.record({
  commands: fc.array(
    fc.record({ kind: fc.constantFrom(...KINDS), ref: fc.nat(50), name: fc.nat(50), commit: fc.nat(500) }),
    { minLength: 1, maxLength: 4 },
  ),
  capabilities: fc
    .subarray(CAPABILITIES)
    .map((names) => (names.some((name) => name.startsWith('report')) ? names : [...names, 'report-status'])),
  pushOptions: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom('ci.skip', 'a=b', '', 'ü;\t'), { maxLength: 2 }) },
  ),
  pack: fc.constantFrom(
    'needed',
    'needed',
    'needed',
    'needed',
    'needed',
    'needed',
    'everything',
    'everything',
    'empty',
  ),
});

export function samplePushes(seed: number, count: number): PushPlan[] {
  return fc.sample(pushPlan, { seed, numRuns: count });
}

/**
 * @param refs as they are now
 * @param stored ids that the server has; what the push brings is not added
 * @param model gets the new commits
 * @param mayRepeat whether a ref may come up twice outside of an atomic push: what becomes of it depends on the version of git
 */
export function realisePush(
  plan: PushPlan,
  refs: ReadonlyMap<string, string>,
  stored: ReadonlySet<string>,
  model: ObjectModel,
  mayRepeat: boolean,
): PushQuestion {
  const isAtomic = plan.capabilities.includes('atomic');
  const commands: { oldId: string; newId: string; name: string }[] = [];
  for (const command of isAtomic ? blobsLast(plan.commands) : plan.commands) {
    const previous = commands.at(-1);
    const made =
      command.kind === 'again' && previous
        ? { ...previous, oldId: command.ref % 2 === 0 ? previous.oldId : previous.newId }
        : realiseCommand(command, refs, stored, model);
    const isRepeated = commands.some(({ name }) => name === made.name);
    // Zero ids on both sides delete in git whatever is there, even where deletions are denied; ours want a value named.
    const isBlindDeletion = made.oldId === made.newId && made.oldId === model.zeroId;
    if (!isRepeated || (!isBlindDeletion && (mayRepeat || isAtomic))) commands.push(made);
  }
  const wanted = commands.map(({ newId }) => newId).filter((id) => model.objects.has(id));
  const needed = [...model.closure(wanted)].filter((id) => plan.pack === 'everything' || !stored.has(id));
  const sendsPack = commands.some(({ newId }) => newId !== model.zeroId);
  const format = model.format === 'sha256' ? ['object-format=sha256'] : [];
  const options = plan.pushOptions.length > 0 ? ['push-options'] : [];
  const capabilities = [...plan.capabilities, ...options, ...format].join(' ');
  return {
    pkts: [
      ...commands.map(
        ({ oldId, newId, name }, index) => `${oldId} ${newId} ${name}${index === 0 ? `\0 ${capabilities}` : ''}`,
      ),
      FLUSH,
      ...(options.length > 0 ? [...plan.pushOptions, FLUSH] : []),
    ],
    pack: sendsPack ? model.pack(plan.pack === 'empty' ? [] : needed) : Buffer.alloc(0),
    isAtomic,
    sideBand: plan.capabilities.includes('side-band-64k'),
  };
}

/** Whether a branch that is to be no commit is refused before the transaction, or by it, depends on the version of git. */
function blobsLast(commands: readonly CommandPlan[]): CommandPlan[] {
  return [...commands].sort((a, b) => Number(a.kind === 'blob-as-branch') - Number(b.kind === 'blob-as-branch'));
}

function realiseCommand(
  plan: CommandPlan,
  refs: ReadonlyMap<string, string>,
  stored: ReadonlySet<string>,
  model: ObjectModel,
): { oldId: string; newId: string; name: string } {
  const names = [...refs.keys()].filter((name) => !name.startsWith('refs/hidden/'));
  const name = names[plan.ref % Math.max(1, names.length)] ?? 'refs/heads/main';
  const current = refs.get(name) ?? model.zeroId;
  const commits = [...stored].filter((id) => model.get(id).type === 'commit');
  const commit = commits[plan.commit % Math.max(1, commits.length)] ?? newCommit(model, [], plan.commit);
  const fresh = `refs/heads/${NEW_NAMES[plan.name % NEW_NAMES.length]}`;
  const zero = model.zeroId;
  const isCommit = current !== zero && model.get(current).type === 'commit';
  switch (plan.kind) {
    case 'again':
    case 'create':
      return { name: fresh, oldId: refs.get(fresh) ?? zero, newId: newCommit(model, [commit], plan.commit) };
    case 'advance':
      return { name, oldId: current, newId: newCommit(model, isCommit ? [current] : [], plan.commit) };
    case 'rewind':
      return { name, oldId: current, newId: commit };
    case 'delete':
      return { name, oldId: current, newId: zero };
    case 'stale':
      return { name, oldId: commit, newId: newCommit(model, [commit], plan.commit) };
    case 'create-existing':
      return { name, oldId: zero, newId: commit };
    case 'delete-missing':
      return { name: `refs/heads/missing-${plan.name}`, oldId: commit, newId: zero };
    case 'delete-nothing':
      return { name: `refs/heads/missing-${plan.name}`, oldId: zero, newId: zero };
    case 'unchanged':
      return { name, oldId: current, newId: current };
    case 'below-existing':
      return { name: `${name}/below`, oldId: zero, newId: commit };
    case 'above-existing':
      return { name: name.slice(0, name.lastIndexOf('/')), oldId: zero, newId: commit };
    case 'bad-name':
      return { name: BAD_NAMES[plan.name % BAD_NAMES.length] ?? '', oldId: zero, newId: commit };
    case 'hidden':
      return { name: `refs/hidden/${plan.name}`, oldId: zero, newId: commit };
    case 'HEAD':
      return { name: 'HEAD', oldId: refs.get('refs/heads/main') ?? zero, newId: commit };
    case 'blob-as-branch':
      return { name: fresh, oldId: refs.get(fresh) ?? zero, newId: model.blob(`Blob ${plan.commit}\n`) };
    case 'missing-object':
      return { name: fresh, oldId: refs.get(fresh) ?? zero, newId: '12'.repeat(zero.length / 2) };
    case 'tag':
      return {
        name: `refs/tags/t${plan.name % 5}`,
        oldId: refs.get(`refs/tags/t${plan.name % 5}`) ?? zero,
        newId: model.tag(commit, `t${plan.name}`),
      };
  }
}

function newCommit(model: ObjectModel, parents: readonly string[], number: number): string {
  const tree = model.tree([{ mode: '100644', name: 'pushed', id: model.blob(`Pushed ${number}\n`) }]);
  return model.commit(tree, parents, 1_700_100_000 + number, `Push ${number}`);
}
