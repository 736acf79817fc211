/** Requests to upload-pack, generated: every option alone and with others, about objects that are there and that are not. */
import fc from 'fast-check';
import { DELIM, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { type GeneratedRepository, HIDDEN_PREFIX, visibleIds, visibleRefs } from './generated-repository.ts';
import type { Offered } from './twins.ts';

export interface FetchQuestion {
  readonly version: 0 | 1 | 2;
  readonly pkts: readonly OutgoingPkt[];
  readonly wants: readonly string[];
  /** What the refs that are wanted by name point at. */
  readonly wantedRefTargets: readonly string[];
  /** Whether a hidden ref points at something that is wanted, or lies below it. */
  readonly meetsHidden: boolean;
  readonly haves: readonly string[];
  /** Commits whose parents the client lacks, as it says. */
  readonly clientShallow: readonly string[];
  readonly filter: string | undefined;
  readonly thinPack: boolean;
  readonly ofsDelta: boolean;
  readonly framing: 'side-band' | 'sideband-all' | 'none';
}

interface FetchPlan {
  readonly version: 0 | 1 | 2;
  readonly wants: readonly number[];
  /** Of what kind each want is: mostly a tip. */
  readonly wantKind: 'tip' | 'commit' | 'object' | 'unreachable';
  readonly haves: readonly number[];
  readonly unknownHaves: number;
  readonly ending: 'done' | 'flush' | 'wait-for-done';
  readonly acknowledgment: 'multi_ack_detailed' | 'multi_ack_detailed no-done' | 'multi_ack' | '';
  readonly flags: readonly string[];
  readonly deepen: DeepenPlan | undefined;
  readonly clientDepth: number;
  readonly filter: string | undefined;
  readonly wantRefs: readonly number[];
  readonly sideBand: 'side-band-64k' | 'side-band' | '';
  readonly sidebandAll: boolean;
}

interface DeepenPlan {
  readonly kind: 'depth' | 'relative' | 'since' | 'not' | 'since-not' | 'everything';
  readonly depth: number;
  readonly since: number;
  readonly not: number;
}

export const FILTERS = [
  'blob:none',
  'blob:limit=0',
  'blob:limit=20',
  'blob:limit=1k',
  'tree:0',
  'tree:1',
  'tree:2',
  'tree:3',
  'object:type=commit',
  'object:type=tree',
  'object:type=blob',
  'object:type=tag',
  'combine:blob:none+tree:2',
  'combine:blob:limit=20+tree:2+object:type=blob',
  'combine:tree%3A3+blob:none',
];

/** Stands for some blob of the repository, whose lines are the patterns. */
const SPARSE = 'sparse';

const FLAGS = ['thin-pack', 'ofs-delta', 'no-progress', 'include-tag'];

const deepenPlan: fc.Arbitrary<DeepenPlan> = fc.record({
  kind: fc.constantFrom('depth', 'depth', 'depth', 'relative', 'since', 'not', 'since-not', 'everything'),
  depth: fc.integer({ min: 1, max: 7 }),
  since: fc.integer({ min: 0, max: 30 }),
  not: fc.nat(20),
});

const fetchPlan: fc.Arbitrary<FetchPlan> = fc.record({
  version: fc.constantFrom(0, 1, 2, 2, 2),
  wants: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 4 }),
  wantKind: fc.constantFrom('tip', 'tip', 'tip', 'tip', 'commit', 'object', 'unreachable'),
  haves: fc.oneof(fc.constant([]), fc.array(fc.nat(1_000), { maxLength: 5 })),
  unknownHaves: fc.constantFrom(0, 0, 0, 1, 3),
  ending: fc.constantFrom('done', 'done', 'flush', 'flush', 'wait-for-done'),
  acknowledgment: fc.constantFrom('multi_ack_detailed', 'multi_ack_detailed no-done', 'multi_ack', ''),
  flags: fc.subarray(FLAGS),
  deepen: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: deepenPlan }),
  clientDepth: fc.constantFrom(0, 0, 0, 0, 1, 2, 3),
  filter: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...FILTERS, SPARSE, SPARSE) },
  ),
  wantRefs: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.nat(40), { minLength: 1, maxLength: 2 }) },
  ),
  sideBand: fc.constantFrom('side-band-64k', 'side-band-64k', 'side-band-64k', 'side-band', ''),
  sidebandAll: fc.constantFrom(false, false, false, true),
});

/** @param count of questions; the same seed asks the same */
export function generateFetchQuestions(
  seed: number,
  count: number,
  repository: GeneratedRepository,
  offered: Offered,
): FetchQuestion[] {
  return fc.sample(fetchPlan, { seed, numRuns: count }).map((plan) => realise(plan, repository, offered));
}

function realise(plan: FetchPlan, repository: GeneratedRepository, offered: Offered): FetchQuestion {
  const { model } = repository;
  const offers = plan.version === 2 ? offered.v2 : offered.v0;
  const wants = unique(wantsOf(plan, repository));
  // Git acknowledges deleted history too; ours does not tell that it is there.
  const commits = [...visibleIds(repository)].filter((id) => model.get(id).type === 'commit');
  const haves = plan.haves.map((number) => commits[number % commits.length] ?? '').filter(Boolean);
  const unknown = Array.from({ length: plan.unknownHaves }, (_, n) => String(n + 1).repeat(model.zeroId.length));
  const canDeepen = offers.has('shallow');
  const clientShallow = canDeepen && plan.clientDepth > 0 ? boundaryAt(repository, haves, plan.clientDepth) : [];
  const deepen = canDeepen ? deepenLines(plan, repository, offers) : [];
  const filter = plan.filter !== undefined && offers.has('filter') ? filterOf(plan, repository) : undefined;
  const sidebandAll = plan.version === 2 && plan.sidebandAll && offers.has('sideband-all');
  const parts = { plan, wants, clientShallow, deepen, filter, haves: [...haves, ...unknown], format: model.format };
  const hiddenTargets = [...repository.refs]
    .filter(([name]) => name.startsWith(`${HIDDEN_PREFIX}/`))
    .map(([, id]) => id);
  const pkts = plan.version === 2 ? pktsV2(parts, sidebandAll, repository, offers) : pktsV0(parts);
  const wantedRefTargets = pkts.flatMap((pkt) => {
    const name = typeof pkt === 'string' ? /^want-ref (.*)\n$/.exec(pkt)?.[1] : undefined;
    return name === undefined ? [] : [repository.refs.get(name) ?? []].flat();
  });
  const known = [...wants, ...wantedRefTargets].filter((id) => model.objects.has(id));
  const wanted = model.closure(known);
  return {
    version: plan.version,
    pkts,
    wants,
    wantedRefTargets,
    meetsHidden: hiddenTargets.some((id) => wanted.has(id) || wanted.has(peeled(repository, id))),
    haves,
    clientShallow,
    filter,
    thinPack: plan.flags.includes('thin-pack'),
    ofsDelta: plan.flags.includes('ofs-delta'),
    framing: plan.version === 2 ? (sidebandAll ? 'sideband-all' : 'side-band') : plan.sideBand ? 'side-band' : 'none',
  };
}

function peeled({ model }: GeneratedRepository, id: string): string {
  const { type, references } = model.get(id);
  return type === 'tag' && references[0] !== undefined ? references[0] : id;
}

function filterOf({ filter, wants }: FetchPlan, repository: GeneratedRepository): string | undefined {
  if (filter !== SPARSE) return filter;
  const blobs = [...visibleIds(repository)].filter((id) => repository.model.get(id).type === 'blob');
  const [number = 0] = wants;
  return blobs.length > 0 ? `sparse:oid=${blobs[number % blobs.length]}` : undefined;
}

function wantsOf({ wants, wantKind }: FetchPlan, repository: GeneratedRepository): string[] {
  const { model, refs, unreachable } = repository;
  const tips = visibleRefs(repository).map((name) => refs.get(name) ?? '');
  const reachable = [...model.closure(tips)];
  const commits = reachable.filter((id) => model.get(id).type === 'commit');
  const pools = { tip: tips, commit: commits, object: reachable, unreachable };
  const pool = pools[wantKind].length > 0 ? pools[wantKind] : tips;
  return wants.map((number) => pool[number % pool.length] ?? '1'.repeat(model.zeroId.length));
}

/** Commits at a distance from what the client has: where a clone of that depth ends. */
function boundaryAt({ model }: GeneratedRepository, haves: readonly string[], depth: number): string[] {
  const seen = new Set<string>();
  let row = unique(haves);
  for (let distance = 1; distance < depth; distance++) {
    for (const id of row) seen.add(id);
    row = unique(row.flatMap((id) => model.parents(id))).filter((id) => !seen.has(id));
  }
  return row.filter((id) => model.parents(id).length > 0);
}

function deepenLines({ deepen }: FetchPlan, repository: GeneratedRepository, offers: ReadonlySet<string>): string[] {
  if (!deepen) return [];
  const { kind, depth, since, not } = deepen;
  const names = visibleRefs(repository);
  const depthLine = `deepen ${depth}`;
  const sinceLine = `deepen-since ${1_700_000_000 + since * 1_000}`;
  const notLine = `deepen-not ${names[not % names.length] ?? 'refs/heads/main'}`;
  // Version 2 has them all with `shallow`; version 0 offers each by its name.
  const offersAll = !offers.has('side-band-64k');
  switch (kind) {
    case 'depth':
      return [depthLine];
    case 'relative':
      return offersAll || offers.has('deepen-relative') ? [depthLine, 'deepen-relative'] : [depthLine];
    case 'since':
      return offersAll || offers.has('deepen-since') ? [sinceLine] : [];
    case 'not':
      return offersAll || offers.has('deepen-not') ? [notLine] : [];
    case 'since-not':
      return offersAll || (offers.has('deepen-since') && offers.has('deepen-not')) ? [sinceLine, notLine] : [];
    case 'everything':
      return ['deepen 2147483647'];
  }
}

interface Parts {
  readonly plan: FetchPlan;
  readonly format: string;
  readonly wants: readonly string[];
  readonly haves: readonly string[];
  readonly clientShallow: readonly string[];
  readonly deepen: readonly string[];
  readonly filter: string | undefined;
}

function pktsV0({ plan, wants, haves, clientShallow, deepen, filter, format }: Parts): OutgoingPkt[] {
  const relative = deepen.includes('deepen-relative') ? ['deepen-relative'] : [];
  const formatCapability = format === 'sha256' ? ['object-format=sha256'] : [];
  const capabilities = [
    ...[plan.acknowledgment, plan.sideBand, ...plan.flags, ...relative, ...formatCapability],
    ...(filter === undefined ? [] : ['filter']),
  ].filter(Boolean);
  const ending = plan.ending === 'done' ? ['done\n'] : [FLUSH];
  return [
    ...wants.map((id, index) => `want ${id}${index === 0 ? ` ${capabilities.join(' ')}` : ''}\n`),
    ...clientShallow.map((id) => `shallow ${id}\n`),
    ...deepen.filter((line) => line !== 'deepen-relative').map((line) => `${line}\n`),
    ...(filter === undefined ? [] : [`filter ${filter}\n`]),
    FLUSH,
    ...haves.map((id) => `have ${id}\n`),
    ...ending,
  ];
}

function pktsV2(
  { plan, wants, haves, clientShallow, deepen, filter, format }: Parts,
  sidebandAll: boolean,
  repository: GeneratedRepository,
  offers: ReadonlySet<string>,
): OutgoingPkt[] {
  const names = visibleRefs(repository);
  const wantRefs = offers.has('ref-in-want') ? unique(plan.wantRefs.map((n) => names[n % names.length] ?? 'HEAD')) : [];
  const waits = plan.ending === 'wait-for-done' && offers.has('wait-for-done');
  return [
    'command=fetch',
    `object-format=${format}`,
    DELIM,
    ...plan.flags,
    ...(sidebandAll ? ['sideband-all'] : []),
    ...(waits ? ['wait-for-done'] : []),
    ...wants.map((id) => `want ${id}\n`),
    ...wantRefs.map((name) => `want-ref ${name}\n`),
    ...clientShallow.map((id) => `shallow ${id}\n`),
    ...deepen.map((line) => `${line}\n`),
    ...(filter === undefined ? [] : [`filter ${filter}\n`]),
    ...haves.map((id) => `have ${id}\n`),
    ...(plan.ending === 'done' ? ['done\n'] : []),
    FLUSH,
  ];
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
