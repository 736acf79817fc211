/** Which objects a fetch sends: the engine's packs against those of `git upload-pack`, over generated histories. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseObjectFilter } from '#git/filter/parse-filter.ts';
import type { Ref } from '#git/ref-store.ts';
import type { DeepenRequest, PackRequest, RepositorySnapshot, ShallowUpdate } from '#repository/repository-engine.ts';
import { FILTERS } from '../differential/fetch-question.ts';
import { type GeneratedRepository, generateRepository, visibleRefs } from '../differential/generated-repository.ts';
import { readPackContent } from '../differential/pack-content.ts';
import { hasDatabase } from '../support/database.ts';
import { EngineBed, EngineTwin } from '../support/engine-twin.ts';
import { GIT_DEEPENS_FROM_BOUNDARY } from '../support/git-version.ts';

const FIRST_SEED = Number(process.env['ENGINE_SEED'] ?? 1);
const SEEDS = Array.from({ length: Number(process.env['ENGINE_RUNS'] ?? 6) }, (_, index) => FIRST_SEED + index);
const QUESTIONS = 30;

interface Plan {
  readonly wants: readonly number[];
  readonly wantAny: boolean;
  readonly haves: readonly number[];
  readonly shallow: readonly number[];
  readonly limit: 'none' | 'depth' | 'relative' | 'everything' | 'since' | 'not';
  readonly depth: number;
  readonly filter: string | undefined;
  readonly flags: readonly string[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  wants: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }),
  wantAny: fc.constantFrom(false, false, false, true),
  haves: fc.oneof(fc.constant([]), fc.array(fc.nat(1_000), { maxLength: 3 })),
  shallow: fc.oneof(fc.constant([]), fc.array(fc.nat(1_000), { maxLength: 3 })),
  limit: fc.constantFrom('none', 'none', 'depth', 'relative', 'everything', 'since', 'not'),
  depth: fc.integer({ min: 1, max: 6 }),
  filter: fc.oneof(fc.constant(undefined), fc.constantFrom(...FILTERS, 'sparse')),
  flags: fc.subarray(['thin-pack', 'ofs-delta', 'include-tag']),
});

/** Patterns that tell apart what the generated folders hold. */
const SPARSE = ['/a/*\n!/a/c/\n*.b\n', '*\n!d\n', 'README', '/*\n!/*/\n/deep/\n', '# none\n', 'a/**/d\nlink \nsub/\n'];

describe.skipIf(!hasDatabase)('planPack', () => {
  let bed: EngineBed;

  beforeAll(async () => {
    bed = await EngineBed.start();
  });

  afterAll(async () => {
    await bed?.stop();
  });

  it.each(SEEDS)('sends what git sends, seed %i', async (seed) => {
    const repository = generateRepository(seed);
    if (repository.commits.length === 0) return;
    const sparseIds = SPARSE.map((text) => repository.model.blob(text));
    const refs = new Map([...repository.refs, ...sparseIds.map((id, n) => [`refs/sparse/${n}`, id] as const)]);
    const twin = await EngineTwin.create(bed, `fetch-${seed}`, { ...repository, refs });
    const snapshot = await twin.snapshot();
    const names = visibleRefs({ ...repository, refs });
    const visible = snapshot.refs.refs.filter((ref) => names.includes(ref.name));
    for (const question of fc.sample(plan, { seed, numRuns: QUESTIONS })) {
      if (question.limit === 'relative' && !GIT_DEEPENS_FROM_BOUNDARY) continue;
      const fetch = fetchOf(question, repository, visible, sparseIds);
      const git = twin.askGit(linesOf(fetch, visible));
      if (!git.pack) continue;
      const { pack: ours, shallowUpdate } = await packOf(bed, snapshot, fetch);
      if (question.limit === 'relative' && !endsAlike(git.lines, shallowUpdate)) continue;
      const sent = readPackContent(ours, repository.model);
      const gits = readPackContent(git.pack, repository.model);
      const clientHas = repository.model.closure(
        [...fetch.haves, ...(shallowUpdate?.unshallow ?? [])],
        new Set(fetch.clientShallow),
      );
      const asked = askedFor(repository, fetch);
      const difference = {
        // Either may send some of what the client has, and then the tags of it: git by whether a bitmap tells it what the client has.
        lacks: [...gits.ids]
          .filter((id) => !sent.ids.has(id) && !clientHas.has(peeled(repository, id)))
          .map(describeId(repository)),
        hasBesides: [...sent.ids]
          .filter((id) => !gits.ids.has(id) && !asked.has(id) && !clientHas.has(peeled(repository, id)))
          .filter((id) => repository.model.get(id).type !== 'blob' || !forgetsBlobs(fetch.filterSpec))
          .map(describeId(repository)),
        standsOn: [...sent.outsideBases].filter((id) => !clientHas.has(id)).map(describeId(repository)),
      };
      expect(difference, linesOf(fetch, visible).join(' | ')).toEqual({ lacks: [], hasBesides: [], standsOn: [] });
      if (!fetch.thinPack) expect(sent.outsideBases.size).toBe(0);
      if (!fetch.ofsDelta) expect(sent.ofsDeltas).toBe(0);
    }
  });
});

type Fetch = Omit<PackRequest, 'shallowUpdate' | 'signal' | 'filter'> & {
  readonly limit: DeepenRequest['limit'] | undefined;
  readonly filterSpec: string | undefined;
};

function fetchOf(
  question: Plan,
  { model }: GeneratedRepository,
  visible: readonly Ref[],
  sparseIds: readonly string[],
): Fetch {
  const reachable = [...model.closure(visible.map((ref) => ref.target))];
  const commits = reachable.filter((id) => model.get(id).type === 'commit');
  const pool = question.wantAny ? reachable : visible.map((ref) => ref.target);
  const pick = (numbers: readonly number[], ids: readonly string[]) =>
    [...new Set(numbers.map((number) => ids[number % ids.length] as string))].filter(Boolean);
  const sparse = `sparse:oid=${sparseIds[question.depth % sparseIds.length]}`;
  return {
    wants: pick(question.wants, pool),
    haves: pick(question.haves, commits),
    clientShallow: pick(question.shallow, commits),
    visibleRefs: visible,
    thinPack: question.flags.includes('thin-pack'),
    ofsDelta: question.flags.includes('ofs-delta'),
    includeTag: question.flags.includes('include-tag'),
    filterSpec: question.filter === 'sparse' ? sparse : question.filter,
    limit: limitOf(question, visible),
  };
}

function limitOf({ limit, depth }: Plan, visible: readonly Ref[]): DeepenRequest['limit'] | undefined {
  switch (limit) {
    case 'none':
      return undefined;
    case 'depth':
      return { kind: 'depth', depth, relative: false };
    case 'relative':
      return { kind: 'depth', depth, relative: true };
    case 'everything':
      return { kind: 'depth', depth: 2 ** 31 - 1, relative: false };
    case 'since':
      return { kind: 'since', sinceSeconds: 1_700_000_000 + depth * 5_000, notIds: [] };
    case 'not':
      return { kind: 'since', sinceSeconds: undefined, notIds: [(visible[depth % visible.length] as Ref).target] };
  }
}

function linesOf(fetch: Fetch, visible: readonly Ref[]): string[] {
  const { wants, haves, clientShallow, limit, filterSpec, thinPack, ofsDelta, includeTag } = fetch;
  const lines: string[] = [];
  if (thinPack) lines.push('thin-pack');
  if (ofsDelta) lines.push('ofs-delta');
  if (includeTag) lines.push('include-tag');
  lines.push(...wants.map((id) => `want ${id}`), ...clientShallow.map((id) => `shallow ${id}`));
  if (limit?.kind === 'depth') lines.push(`deepen ${limit.depth}`);
  if (limit?.kind === 'depth' && limit.relative) lines.push('deepen-relative');
  if (limit?.kind === 'since' && limit.sinceSeconds !== undefined) lines.push(`deepen-since ${limit.sinceSeconds}`);
  const notRef = limit?.kind === 'since' && visible.find((ref) => ref.target === limit.notIds[0]);
  if (notRef) lines.push(`deepen-not ${notRef.name}`);
  if (filterSpec !== undefined) lines.push(`filter ${filterSpec}`);
  return [...lines, ...haves.map((id) => `have ${id}`), 'done'];
}

async function packOf(bed: EngineBed, snapshot: RepositorySnapshot, fetch: Fetch) {
  const { limit, filterSpec, ...request } = fetch;
  const signal = AbortSignal.timeout(30_000);
  const shallowUpdate = limit && (await snapshot.deepen({ ...request, signal, limit }));
  const filter = filterSpec === undefined ? undefined : parseObjectFilter(filterSpec);
  const plan = await bed.engine.planPack(snapshot, { ...request, shallowUpdate, filter, signal });
  const pieces: Uint8Array[] = [];
  for await (const piece of plan.stream()) pieces.push(Buffer.from(piece));
  return { pack: Buffer.concat(pieces), shallowUpdate };
}

/**
 * Where the client's history ends is compared in `engine-deepen.test.ts`, which tells why ours goes on at some merges where that of git
 * before 2.54 stops; here only what is sent to the same end.
 */
function endsAlike(gitLines: readonly string[], update: ShallowUpdate | undefined): boolean {
  const gits = gitLines.filter((line) => line.startsWith('shallow ')).map((line) => line.slice('shallow '.length));
  return [...new Set(gits)].sort().join() === (update?.shallow ?? []).toSorted().join();
}

/**
 * What is asked for by id is sent as if it had been asked for alone; git filters it where it is part of a tree that it met before, and so
 * sends less of a tree.
 */
function askedFor(repository: GeneratedRepository, { wants }: Fetch): Set<string> {
  const { model } = repository;
  const targets = wants.map((id) => peeled(repository, id));
  const trees = targets.filter((id) => model.get(id).type === 'tree');
  const nested = trees.filter((id) => trees.some((other) => other !== id && model.closure([other]).has(id)));
  return new Set([...wants, ...targets, ...model.closure(nested)]);
}

/** Whether git may leave out a blob that all parts of a filter let through: where one of them passed it by too deep for another. */
function forgetsBlobs(filterSpec = ''): boolean {
  return filterSpec.startsWith('combine:blob:limit') && filterSpec.includes('tree:');
}

function peeled(repository: GeneratedRepository, id: string): string {
  const { type, references } = repository.model.get(id);
  return type === 'tag' ? peeled(repository, references[0] as string) : id;
}

function describeId({ model }: GeneratedRepository) {
  return (id: string) => `${model.get(id).type} ${id}`;
}
