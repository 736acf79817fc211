/** Where shallow clones end: the engine's answers against those of `git upload-pack`, over generated histories. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ref } from '#git/ref-store.ts';
import type { DeepenRequest } from '#repository/repository-engine.ts';
import { type GeneratedRepository, generateRepository, visibleRefs } from '../differential/generated-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { EngineBed, EngineTwin } from '../support/engine-twin.ts';
import { GIT_DEEPENS_FROM_BOUNDARY } from '../support/git-version.ts';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const QUESTIONS = 25;

interface Plan {
  readonly wants: readonly number[];
  readonly shallow: readonly number[];
  readonly kind: 'depth' | 'relative' | 'everything' | 'since' | 'not' | 'since-not';
  readonly depth: number;
  readonly since: number;
  readonly not: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  wants: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }),
  shallow: fc.array(fc.nat(1_000), { maxLength: 4 }),
  kind: fc.constantFrom('depth', 'depth', 'relative', 'relative', 'everything', 'since', 'not', 'since-not'),
  depth: fc.integer({ min: 1, max: 8 }),
  since: fc.integer({ min: -2, max: 34 }),
  not: fc.nat(20),
});

describe.skipIf(!hasDatabase)('deepen', () => {
  let bed: EngineBed;

  beforeAll(async () => {
    bed = await EngineBed.start();
  });

  afterAll(async () => {
    await bed?.stop();
  });

  it.each(SEEDS)('answers as git does, seed %i', async (seed) => {
    const repository = generateRepository(seed);
    if (repository.commits.length === 0) return;
    const twin = await EngineTwin.create(bed, `deepen-${seed}`, repository);
    const snapshot = await twin.snapshot();
    const visible = snapshot.refs.refs.filter((ref) => visibleRefs(repository).includes(ref.name));
    for (const question of fc.sample(plan, { seed, numRuns: QUESTIONS })) {
      if (question.kind === 'relative' && !GIT_DEEPENS_FROM_BOUNDARY) continue;
      const request = requestOf(question, repository, visible);
      if (!request) continue;
      const lines = linesOf(request, visible, question);
      const git = twin.askGit(lines);
      const ours = await snapshot
        .deepen(request)
        .then(({ shallow, unshallow }) => [
          ...shallow.map((id) => `shallow ${id}`),
          ...unshallow.map((id) => `unshallow ${id}`),
        ])
        .catch((error: Error) => [`fatal: ${error.message}`]);
      const gits = git.log.includes('fatal:')
        ? [git.log.trim().split('\n')[0]]
        : git.lines.filter((line) => /^(un)?shallow [0-9a-f]+$/.test(line) && !cutsShort(line, request, repository));
      expect(inComparableOrder(ours, question), `${lines.join(' | ')}`).toEqual(inComparableOrder(gits, question));
    }
  });
  it('gives nobody the parents of a commit that no visible ref reaches, however deep he asks', async () => {
    const repository = generateRepository(4);
    const twin = await EngineTwin.create(bed, 'deepen-hidden', repository);
    const snapshot = await twin.snapshot();
    const lost = repository.unreachable.filter((id) => repository.model.get(id).type === 'commit');
    const clientShallow = lost.filter((id) => repository.model.parents(id).length > 0);
    expect(clientShallow).not.toEqual([]);
    const visible = snapshot.refs.refs;
    const request = {
      wants: [visible[0]?.target ?? ''],
      clientShallow,
      haves: [],
      visibleRefs: visible,
      signal: AbortSignal.timeout(30_000),
    };
    for (const [depth, relative] of [
      [2 ** 31 - 1, false],
      [5, true],
    ] as const) {
      const { unshallow } = await snapshot.deepen({ ...request, limit: { kind: 'depth', depth, relative } });
      expect(unshallow).toEqual([]);
    }
  });
});

/** Git may end the client's history where the client had more, below one commit of its boundary and above another. */
function cutsShort(line: string, request: DeepenRequest, { model }: GeneratedRepository): boolean {
  if (request.limit.kind !== 'depth' || !request.limit.relative || !line.startsWith('shallow ')) return false;
  const had = new Set(request.wants);
  for (const id of had)
    if (!request.clientShallow.includes(id)) for (const parent of model.parents(id)) had.add(parent);
  const id = line.slice('shallow '.length);
  return had.has(id) && !request.clientShallow.includes(id);
}

/** With `deepen-relative`, git goes through the boundary in the order of a hash table. */
function inComparableOrder(lines: readonly unknown[], { kind }: Plan): unknown[] {
  return kind === 'relative' ? [...new Set(lines)].sort() : [...lines];
}

function requestOf(
  question: Plan,
  repository: GeneratedRepository,
  visible: readonly Ref[],
): DeepenRequest | undefined {
  if (visible.length === 0) return undefined;
  const { kind, depth, since, not } = question;
  const { model } = repository;
  const reachable = [...model.closure(visible.map((ref) => ref.target))].filter(
    (id) => model.get(id).type === 'commit',
  );
  const limits = {
    depth: { kind: 'depth', depth, relative: false },
    relative: { kind: 'depth', depth, relative: true },
    everything: { kind: 'depth', depth: 2 ** 31 - 1, relative: false },
    since: { kind: 'since', sinceSeconds: secondsOf(since), notIds: [] },
    not: { kind: 'since', sinceSeconds: undefined, notIds: [refAt(visible, not).target] },
    'since-not': { kind: 'since', sinceSeconds: secondsOf(since), notIds: [refAt(visible, not).target] },
  } as const;
  return {
    wants: [...new Set(question.wants.map((number) => refAt(visible, number).target))],
    clientShallow: [...new Set(question.shallow.map((number) => reachable[number % reachable.length] ?? ''))].filter(
      Boolean,
    ),
    haves: [],
    visibleRefs: visible,
    signal: AbortSignal.timeout(30_000),
    limit: limits[kind],
  };
}

function linesOf({ wants, clientShallow, limit }: DeepenRequest, visible: readonly Ref[], { not }: Plan): string[] {
  const lines = [...wants.map((id) => `want ${id}`), ...clientShallow.map((id) => `shallow ${id}`)];
  if (limit.kind === 'depth') lines.push(`deepen ${limit.depth}`);
  if (limit.kind === 'depth' && limit.relative) lines.push('deepen-relative');
  if (limit.kind === 'since' && limit.sinceSeconds !== undefined) lines.push(`deepen-since ${limit.sinceSeconds}`);
  if (limit.kind === 'since' && limit.notIds.length > 0) lines.push(`deepen-not ${refAt(visible, not).name}`);
  return [...lines, 'done'];
}

function refAt(refs: readonly Ref[], number: number): Ref {
  return refs[number % refs.length] as Ref;
}

function secondsOf(commit: number): number {
  return 1_700_000_000 + commit * 1_000;
}
