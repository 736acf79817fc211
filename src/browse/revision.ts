/**
 * What a URL names after `/tree/`, `/blob/`, `/commits/`: a revision and a path, with nothing but slashes between the two,
 * and slashes in both.
 */
import type { ObjectId } from '#git/object/object-id.ts';
import { isObjectId } from '#git/object/object-id.ts';
import { parseTag } from '#git/object/tag.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { Ref } from '#git/ref-store.ts';
import { BRANCH_PREFIX, shortRefName, TAG_PREFIX } from '#git/refs/ref-name.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { areReachableCommits, isReachableCommit } from './reachability.ts';

export type RevisionOutcome =
  | {
      readonly kind: 'found';
      readonly commitId: ObjectId;
      readonly treeId: ObjectId;
      /** The ref that was named; undefined for ids. */
      readonly ref: Ref | undefined;
      /** The revision as it was written, for links: `main`, `v1.0`, `HEAD`, an id. */
      readonly name: string;
      /** What follows; empty for the root. */
      readonly path: string;
    }
  /** HEAD names a branch that does not exist yet. */
  | { readonly kind: 'unborn'; readonly branch: string }
  /** The beginning of more than one id. */
  | { readonly kind: 'ambiguous'; readonly name: string; readonly candidateIds: readonly ObjectId[] }
  /** A tag of a tree or a blob, or an id of one. */
  | { readonly kind: 'not-a-commit'; readonly name: string; readonly id: ObjectId }
  | { readonly kind: 'not-found' };

const NOT_FOUND: RevisionOutcome = { kind: 'not-found' };
/** Abbreviated ids are so long at least, as in git. */
const ID_PREFIX_DIGITS_MIN = 4;
const CANDIDATES_MAX = 20;
/** Tags of tags; git itself makes none. */
const TAG_DEPTH_MAX = 32;

/**
 * Resolves `<revision>/<path>`. A whole id comes first, so that permanent links are; then the ref whose name is longest,
 * branches before tags; then HEAD and abbreviated ids. An id names a commit only if some ref reaches it.
 *
 * @param text decoded, without slashes at either end; empty means HEAD
 */
export async function resolveRevision(snapshot: RepositorySnapshot, text: string): Promise<RevisionOutcome> {
  const [first, path] = splitAtSlash(text);
  if (isObjectId(first, snapshot.objects.format)) return resolveId(snapshot, first, first, path);
  const named = findLongestRef(snapshot, text);
  if (named) return describe(snapshot, named.ref.peeled ?? named.ref.target, named.ref, named.name, named.path);
  if (first === '' || first === 'HEAD') return resolveHead(snapshot, path);
  return resolveIdPrefix(snapshot, first, path);
}

function splitAtSlash(text: string): [first: string, rest: string] {
  const slash = text.indexOf('/');
  return slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)];
}

function findLongestRef(
  snapshot: RepositorySnapshot,
  text: string,
): { ref: Ref; name: string; path: string } | undefined {
  for (let end = text.length; end > 0; end = text.lastIndexOf('/', end - 1)) {
    const name = text.slice(0, end);
    const ref = findRef(snapshot, name);
    if (ref) return { ref, name, path: text.slice(end + 1) };
  }
  return undefined;
}

function findRef(snapshot: RepositorySnapshot, name: string): Ref | undefined {
  const { refs } = snapshot;
  const full = name.startsWith('refs/') ? refs.find(name) : undefined;
  return full ?? refs.find(BRANCH_PREFIX + name) ?? refs.find(TAG_PREFIX + name);
}

async function resolveHead(snapshot: RepositorySnapshot, path: string): Promise<RevisionOutcome> {
  const { refs } = snapshot;
  const ref = refs.find(refs.headTarget);
  if (!ref) return { kind: 'unborn', branch: shortRefName(refs.headTarget) };
  return describe(snapshot, ref.peeled ?? ref.target, ref, 'HEAD', path);
}

async function resolveIdPrefix(snapshot: RepositorySnapshot, text: string, path: string): Promise<RevisionOutcome> {
  const prefix = text.toLowerCase();
  const { hexDigits } = snapshot.objects.format;
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < ID_PREFIX_DIGITS_MIN || prefix.length > hexDigits)
    return NOT_FOUND;
  const { commitIds, others } = await classify(snapshot, await snapshot.objects.findByPrefix(prefix, CANDIDATES_MAX));
  // Like git, a name that may be a commit's means the commit.
  const candidateIds = commitIds.length > 0 ? commitIds : others;
  const [id, another] = candidateIds;
  if (id === undefined) return NOT_FOUND;
  if (another !== undefined) return { kind: 'ambiguous', name: text, candidateIds };
  return resolveId(snapshot, id, text, path);
}

/** Leaves out commits that no ref reaches: an abbreviation must not find what its whole id does not. */
async function classify(
  snapshot: RepositorySnapshot,
  ids: readonly ObjectId[],
): Promise<{ commitIds: ObjectId[]; others: ObjectId[] }> {
  const found = { commitIds: [] as ObjectId[], others: [] as ObjectId[] };
  if (ids.length === 0) return found;
  const graph = await snapshot.objects.commitGraph();
  const reachable = await areReachableCommits(snapshot, ids);
  ids.forEach((id, index) => {
    if (graph.positionOf(id) < 0) found.others.push(id);
    else if (reachable[index]) found.commitIds.push(id);
  });
  return found;
}

async function resolveId(
  snapshot: RepositorySnapshot,
  id: ObjectId,
  name: string,
  path: string,
): Promise<RevisionOutcome> {
  const target = await peelTags(snapshot.objects, id);
  if (target === undefined) return NOT_FOUND;
  const outcome = await describe(snapshot, target, undefined, name, path);
  return outcome.kind === 'found' && !(await isReachableCommit(snapshot, target)) ? NOT_FOUND : outcome;
}

async function describe(
  snapshot: RepositorySnapshot,
  id: ObjectId,
  ref: Ref | undefined,
  name: string,
  path: string,
): Promise<RevisionOutcome> {
  const graph = await snapshot.objects.commitGraph();
  const position = graph.positionOf(id);
  if (position < 0) return { kind: 'not-a-commit', name, id };
  return { kind: 'found', commitId: id, treeId: graph.treeAt(position), ref, name, path };
}

/** @returns what the tag leads to; the id itself when it is no tag's; undefined when there is no such object */
async function peelTags(objects: ObjectStore, id: ObjectId): Promise<ObjectId | undefined> {
  let targetId = id;
  for (let depth = 0; depth < TAG_DEPTH_MAX; depth++) {
    const header = await objects.header(targetId);
    if (header?.type !== 'tag') return header && targetId;
    targetId = parseTag((await objects.read(targetId)).body, objects.format).targetId;
  }
  return undefined;
}
