/**
 * What a client of `git archive --remote` may name — git-upload-archive(1), "SECURITY"; `archive.c`, "parse_treeish_arg". By
 * default that is a ref and, behind a colon, a path in it: then an id opens nothing that no ref reaches.
 */

import { textOf } from '#git/archive/archive-arguments.ts';
import { type ArchiveSource, readArchiveSource } from '#git/archive/archive-source.ts';
import { ProtocolError } from '#git/errors.ts';
import { isObjectId, type ObjectId } from '#git/object/object-id.ts';
import { findTreeEntry } from '#git/object/tree.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { Ref } from '#git/ref-store.ts';
import { isHiddenRef } from '#git/refs/hidden-refs.ts';
import { type GitSettings, refsHiddenFromFetches } from '#repository/git-settings.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';

export interface ArchivedRevision {
  readonly source: ArchiveSource;
  /** More than one ref has that name. */
  readonly isAmbiguous: boolean;
}

/** Where a short name is looked for, the first being meant — gitrevisions(7), "<refname>". */
const REF_RULES = ['', 'refs/', 'refs/tags/', 'refs/heads/', 'refs/remotes/'];
const ID_DIGITS_MIN = 4;

/**
 * @param treeish a byte string
 * @throws {ProtocolError} in git's words
 */
export async function findArchivedRevision(
  snapshot: RepositorySnapshot,
  settings: GitSettings,
  treeish: string,
): Promise<ArchivedRevision> {
  const { objects } = snapshot;
  const colon = treeish.indexOf(':');
  const name = colon < 0 ? treeish : treeish.slice(0, colon);
  const refs = findRefs(snapshot, settings, textOf(name));
  const byId =
    refs.length === 0 && settings['uploadarchive.allowUnreachable'] ? await findId(objects, name) : undefined;
  const baseId = refs[0]?.target ?? byId;
  if (baseId === undefined) {
    const isAnyAllowed = settings['uploadarchive.allowUnreachable'];
    throw new ProtocolError(
      isAnyAllowed ? `not a valid object name: ${textOf(treeish)}` : `no such ref: ${textOf(name)}`,
    );
  }
  const id = colon < 0 ? baseId : await findBelow(objects, baseId, treeish.slice(colon + 1));
  if (id === undefined) throw new ProtocolError(`not a valid object name: ${textOf(treeish)}`);
  const source = await readArchiveSource(objects, id);
  if (!source) throw new ProtocolError(`not a tree object: ${id}`);
  return { source, isAmbiguous: refs.length > 1 };
}

/** All visible refs that the name may mean, the one that is meant first. */
function findRefs({ refs }: RepositorySnapshot, settings: GitSettings, name: string): Ref[] {
  const hidden = refsHiddenFromFetches(settings);
  const full = name === '@' ? 'HEAD' : name;
  return REF_RULES.flatMap((rule) => {
    // Of names without a folder, HEAD is the only one that is a ref.
    if (rule === '' && full !== 'HEAD' && !full.startsWith('refs/')) return [];
    const ref = refs.find(rule + full);
    return ref && !isHiddenRef(ref.name, hidden) ? [ref] : [];
  });
}

/** An id, or the beginning of one that no other object has. */
async function findId(objects: ObjectStore, name: string): Promise<ObjectId | undefined> {
  const prefix = name.toLowerCase();
  if (isObjectId(prefix, objects.format)) return (await objects.header(prefix)) && prefix;
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < ID_DIGITS_MIN || prefix.length > objects.format.hexDigits) {
    return undefined;
  }
  const [id, another] = await objects.findByPrefix(prefix, 2);
  return another === undefined ? id : undefined;
}

/** `<rev>:<path>`. @param path a byte string @returns undefined when there is nothing there */
async function findBelow(objects: ObjectStore, id: ObjectId, path: string): Promise<ObjectId | undefined> {
  let foundId: ObjectId | undefined = (await readArchiveSource(objects, id))?.treeId;
  for (const part of path.split('/')) {
    if (part === '' || foundId === undefined) continue;
    const tree = await readTree(objects, foundId);
    foundId = tree && findTreeEntry(tree, Buffer.from(part, 'latin1'), objects.format)?.id;
  }
  return foundId;
}

async function readTree(objects: ObjectStore, id: ObjectId): Promise<Uint8Array | undefined> {
  const header = await objects.header(id);
  return header?.type === 'tree' ? (await objects.read(id)).body : undefined;
}
