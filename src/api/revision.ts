/** What `{ref}` in a path or query may be: a branch, a tag, a full ref name, HEAD, an object id or the beginning of one. */
import { parseCommit } from '#git/object/commit.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { parseTag } from '#git/object/tag.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { RefSnapshot } from '#git/ref-store.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { notFound } from './error.ts';

/** Where a short name is looked for, in git's order — gitrevisions(7), "<refname>"; branches go first, as at GitHub. */
const REF_PREFIXES = ['refs/heads/', 'refs/tags/', 'refs/', ''] as const;
/** Digits of an abbreviated id: git's own bound, core.abbrev. */
const PREFIX_DIGITS_MIN = 4;
/** Tags of tags of tags: more than anybody makes, few enough to follow. */
const TAG_DEPTH_MAX = 16;

/** @returns the commit that the revision leads to, through tags; undefined when it leads to none */
export async function findCommit(snapshot: RepositorySnapshot, revision: string): Promise<ObjectId | undefined> {
  const id = await findObject(snapshot, revision);
  const peeled = id && (await peelTag(snapshot.objects, id));
  return peeled && (await snapshot.objects.header(peeled))?.type === 'commit' ? peeled : undefined;
}

/** @returns the tree that the revision names, or that its commit has @throws {ApiError} 404 */
export async function requireTree(snapshot: RepositorySnapshot, revision: string): Promise<ObjectId> {
  const { objects } = snapshot;
  const id = await findObject(snapshot, revision);
  const peeled = id && (await peelTag(objects, id));
  const type = peeled && (await objects.header(peeled))?.type;
  if (peeled && type === 'tree') return peeled;
  if (peeled && type === 'commit') return parseCommit((await objects.read(peeled)).body, objects.format).treeId;
  throw notFound();
}

async function findObject(snapshot: RepositorySnapshot, revision: string): Promise<ObjectId | undefined> {
  return findRefTarget(snapshot.refs, revision) ?? (await findById(snapshot.objects, revision));
}

function findRefTarget(refs: RefSnapshot, revision: string): ObjectId | undefined {
  if (revision === 'HEAD') return refs.find(refs.headTarget)?.target;
  for (const prefix of REF_PREFIXES) {
    const name = prefix + revision;
    const ref = name.startsWith('refs/') ? refs.find(name) : undefined;
    if (ref) return ref.target;
  }
  return undefined;
}

async function findById(objects: ObjectStore, text: string): Promise<ObjectId | undefined> {
  const digits = text.toLowerCase();
  if (!/^[0-9a-f]+$/.test(digits) || digits.length < PREFIX_DIGITS_MIN) return undefined;
  if (digits.length > objects.format.hexDigits) return undefined;
  const [id, another] = await objects.findByPrefix(digits, 2);
  return another === undefined ? id : undefined;
}

async function peelTag(objects: ObjectStore, id: ObjectId): Promise<ObjectId | undefined> {
  let target = id;
  for (let depth = 0; depth < TAG_DEPTH_MAX; depth++) {
    const header = await objects.header(target);
    if (header?.type !== 'tag') return header && target;
    target = parseTag((await objects.read(target)).body, objects.format).targetId;
  }
  return undefined;
}
