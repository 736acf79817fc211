/**
 * What a client of `git archive --remote` may name — git-upload-archive(1), "SECURITY"; `archive.c`, "parse_treeish_arg". By
 * default that is a ref and, behind a colon, a path in it: then an id opens nothing that no ref reaches.
 */
import { textOfBytes } from '#bytes/utf8.ts';
import { type ArchiveSource, readArchiveSource } from '#git/archive/archive-source.ts';
import { ProtocolError } from '#git/errors.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { findTreePath } from '#git/object/tree-path.ts';
import type { ObjectStore } from '#git/object-store.ts';
import { resolveObjectName } from '#git/refs/object-name.ts';
import { expandRefName, visibleRefs } from '#git/refs/visible-refs.ts';
import { type GitSettings, refsHiddenFromFetches } from '#repository/git-settings.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';

export interface ArchivedRevision {
  readonly source: ArchiveSource;
  /** More than one ref has that name. */
  readonly isAmbiguous: boolean;
}

/**
 * @param treeish a byte string
 * @throws {ProtocolError} in git's words
 */
export async function findArchivedRevision(
  { objects, refs: allRefs }: RepositorySnapshot,
  settings: GitSettings,
  treeish: string,
): Promise<ArchivedRevision> {
  const refs = visibleRefs(allRefs, refsHiddenFromFetches(settings));
  const colon = treeish.indexOf(':');
  const name = textOfBytes(colon < 0 ? treeish : treeish.slice(0, colon));
  const path = colon < 0 ? '' : treeish.slice(colon + 1);
  const [ref, another] = expandRefName(refs, name === '@' ? 'HEAD' : name);
  if (!ref && !settings['uploadarchive.allowUnreachable']) throw new ProtocolError(`no such ref: ${name}`);
  if (/^\.\.?\//.test(path)) {
    throw new ProtocolError("relative path syntax can't be used outside working tree");
  }
  const baseId = ref?.target ?? (await resolveObjectName({ objects, refs, mayName: existing(objects) }, name));
  const id = baseId === undefined || colon < 0 ? baseId : await findBelow(objects, baseId, path);
  if (id === undefined) throw new ProtocolError(`not a valid object name: ${textOfBytes(treeish)}`);
  const source = await readArchiveSource(objects, id);
  if (!source) throw new ProtocolError(`not a tree object: ${id}`);
  return { source, isAmbiguous: another !== undefined };
}

async function findBelow(objects: ObjectStore, id: ObjectId, path: string): Promise<ObjectId | undefined> {
  const source = await readArchiveSource(objects, id);
  return source && findTreePath(objects, source.treeId, path);
}

/** Where any commit may be archived, whatever there is may be named. */
function existing(objects: ObjectStore): (ids: readonly ObjectId[]) => Promise<readonly boolean[]> {
  return (ids) => Promise.all(ids.map(async (id) => (await objects.header(id)) !== undefined));
}
