/** Lists of branches and tags, the newest first, a page at a time: dates come from the graph, commits for the page alone. */
import { compareAsUtf8 } from '#bytes/compare-bytes.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { parseTag, type Tag } from '#git/object/tag.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { Ref } from '#git/ref-store.ts';
import { BRANCH_PREFIX, lowerBound, shortRefName, TAG_PREFIX } from '#git/refs/ref-name.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { limits } from '#limits.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { type CommitSummary, readCommitSummaries } from './commit-summary.ts';

export interface RefPageRequest {
  /** Part of the name; capitals and small letters are alike. */
  readonly query?: string | undefined;
  readonly offset?: number;
  readonly countMax?: number;
}

export interface RefPage<Row> {
  readonly rows: readonly Row[];
  /** Of all pages, with this query. */
  readonly totalCount: number;
}

export interface BranchRow {
  readonly name: string;
  readonly ref: Ref;
  /** Whether HEAD names it. */
  readonly isDefault: boolean;
  /** Undefined for a ref that leads to no commit. */
  readonly commit: CommitSummary | undefined;
}

export interface TagRow {
  readonly name: string;
  readonly ref: Ref;
  /** Undefined for a lightweight tag. */
  readonly tag: Tag | undefined;
  /** Undefined for a tag of a tree or a blob. */
  readonly commit: CommitSummary | undefined;
}

/** The default branch first, then the newest. */
export async function listBranches(
  snapshot: RepositorySnapshot,
  request: RefPageRequest = {},
): Promise<RefPage<BranchRow>> {
  const { headTarget } = snapshot.refs;
  const { page, totalCount } = await pageOfRefs(snapshot, BRANCH_PREFIX, request, headTarget);
  const commits = await readTips(snapshot, page);
  const rows = page.map((ref, index) => ({
    name: shortRefName(ref.name),
    ref,
    isDefault: ref.name === headTarget,
    commit: commits[index],
  }));
  return { rows, totalCount };
}

/** The newest first, by the date of what is tagged. */
export async function listTags(snapshot: RepositorySnapshot, request: RefPageRequest = {}): Promise<RefPage<TagRow>> {
  const { page, totalCount } = await pageOfRefs(snapshot, TAG_PREFIX, request, undefined);
  const commits = await readTips(snapshot, page);
  const tags = await readTags(snapshot.objects, page);
  const rows = page.map((ref, index) => ({
    name: shortRefName(ref.name),
    ref,
    tag: tags[index],
    commit: commits[index],
  }));
  return { rows, totalCount };
}

async function pageOfRefs(
  snapshot: RepositorySnapshot,
  prefix: string,
  request: RefPageRequest,
  firstName: string | undefined,
): Promise<{ page: Ref[]; totalCount: number }> {
  const graph = await snapshot.objects.commitGraph();
  const query = (request.query ?? '').toLowerCase();
  const dated = refsBelow(snapshot.refs.refs, prefix)
    .filter((ref) => shortRefName(ref.name).toLowerCase().includes(query))
    .map((ref) => ({ ref, isFirst: ref.name === firstName, dateSeconds: tipDate(graph, ref) }));
  dated.sort(
    (a, b) =>
      Number(b.isFirst) - Number(a.isFirst) || b.dateSeconds - a.dateSeconds || compareAsUtf8(a.ref.name, b.ref.name),
  );
  const offset = request.offset ?? 0;
  const page = dated.slice(offset, offset + (request.countMax ?? limits.refPageCount)).map(({ ref }) => ref);
  return { page, totalCount: dated.length };
}

function refsBelow(refs: readonly Ref[], prefix: string): Ref[] {
  const names = refs.map(({ name }) => name);
  // In byte order the digit zero stands right behind the slash.
  return refs.slice(lowerBound(names, prefix), lowerBound(names, `${prefix.slice(0, -1)}0`));
}

function tipOf(ref: Ref): ObjectId {
  return ref.peeled ?? ref.target;
}

/** What is no commit comes last. */
function tipDate(graph: CommitGraph, ref: Ref): number {
  const position = graph.positionOf(tipOf(ref));
  return position < 0 ? Number.NEGATIVE_INFINITY : graph.dateAt(position);
}

async function readTips(snapshot: RepositorySnapshot, refs: readonly Ref[]): Promise<(CommitSummary | undefined)[]> {
  const graph = await snapshot.objects.commitGraph();
  const ids = [...new Set(refs.map(tipOf))].filter((id) => graph.positionOf(id) >= 0);
  const summaries = await readCommitSummaries(snapshot.objects, ids);
  const byId = new Map(summaries.map((summary) => [summary.id, summary]));
  return refs.map((ref) => byId.get(tipOf(ref)));
}

async function readTags(objects: ObjectStore, refs: readonly Ref[]): Promise<(Tag | undefined)[]> {
  const annotated = refs.filter(({ peeled }) => peeled !== undefined);
  const bodies = await objects.readMany(annotated.map(({ target }) => target));
  const byName = new Map(annotated.map(({ name }, index) => [name, bodies[index]]));
  return refs.map(({ name }) => {
    const object = byName.get(name);
    return object?.type === 'tag' ? parseTag(object.body, objects.format) : undefined;
  });
}
