/**
 * Names of objects as clients write them — gitrevisions(7): a ref, an id or the beginning of one, followed by `^`, `^2`, `~3`, `^{tree}`
 * or `^{}`, and after a colon a path. Names that look into reflogs, the index or commit messages are none here.
 */
import { limits } from '#limits.ts';
import { parseCommit } from '../object/commit.ts';
import { isObjectId, type ObjectId } from '../object/object-id.ts';
import { isObjectType, type ObjectType } from '../object/object-type.ts';
import { peelTag } from '../object/peel-tag.ts';
import { parseTag } from '../object/tag.ts';
import { findTreePath } from '../object/tree-path.ts';
import type { ObjectStore } from '../object-store.ts';
import { expandRefName, type VisibleRefs } from './visible-refs.ts';

export interface NameScope {
  readonly objects: ObjectStore;
  readonly refs: VisibleRefs;
  /** Which of some ids may be named: what one may not see must not be told by what it leads to. */
  readonly mayName: (ids: readonly ObjectId[]) => Promise<readonly boolean[]>;
}

const ID_DIGITS_MIN = 4;
/** Objects that share the beginning of an id, of which at most one may be visible for it to be a name. */
const CANDIDATES_MAX = 16;

/** @returns undefined for what is no name, or leads to nothing */
export async function resolveObjectName(scope: NameScope, name: string): Promise<ObjectId | undefined> {
  if (name.length > limits.objectNameMaxLength) return undefined;
  const colon = name.indexOf(':');
  const revision = colon < 0 ? name : name.slice(0, colon);
  const id = await resolveRevision(scope, revision);
  return id === undefined || colon < 0 ? id : findBelow(scope, id, name.slice(colon + 1));
}

async function resolveRevision(scope: NameScope, revision: string): Promise<ObjectId | undefined> {
  // No ref has these in its name.
  const baseEnd = revision.search(/[~^]|$/);
  const suffixes = revision.slice(baseEnd).match(SUFFIX) ?? [];
  if (suffixes.join('') !== revision.slice(baseEnd)) return undefined;
  let id = await findBase(scope, revision.slice(0, baseEnd));
  for (const suffix of suffixes) {
    if (id === undefined) return undefined;
    id = await followSuffix(scope, id, suffix);
  }
  return id;
}

const SUFFIX = /~\d*|\^\{[a-z]*\}|\^\d*/g;

/** A whole id comes before a ref, and a ref before the beginning of an id. */
async function findBase({ objects, refs, mayName }: NameScope, base: string): Promise<ObjectId | undefined> {
  const digits = base.toLowerCase();
  if (isObjectId(digits, objects.format)) return (await mayName([digits]))[0] ? digits : undefined;
  const [ref] = expandRefName(refs, base === '@' ? 'HEAD' : base);
  if (ref !== undefined) return ref.target;
  if (digits.length < ID_DIGITS_MIN || digits.length > objects.format.hexDigits || !/^[0-9a-f]+$/.test(digits)) {
    return undefined;
  }
  const candidates = await objects.findByPrefix(digits, CANDIDATES_MAX);
  const named = await mayName(candidates);
  const [id, another] = candidates.filter((_, index) => named[index]);
  return another === undefined ? id : undefined;
}

async function followSuffix({ objects }: NameScope, id: ObjectId, suffix: string): Promise<ObjectId | undefined> {
  if (suffix.startsWith('^{')) return peelTo(objects, id, suffix.slice(2, -1));
  const number = suffix.length === 1 ? 1 : Number(suffix.slice(1));
  const commitId = await peelTo(objects, id, 'commit');
  if (commitId === undefined || number === 0) return commitId;
  const graph = await objects.commitGraph();
  let position = graph.positionOf(commitId);
  if (suffix.startsWith('^')) {
    position = number <= graph.parentCount(position) ? graph.parentAt(position, number - 1) : -1;
  } else {
    for (let step = 0; step < number && position >= 0; step++) {
      position = graph.parentCount(position) > 0 ? graph.parentAt(position, 0) : -1;
    }
  }
  return position < 0 ? undefined : graph.idAt(position);
}

/** @param type of an object; empty for whatever a tag leads to; `object` for any */
async function peelTo(objects: ObjectStore, id: ObjectId, type: string): Promise<ObjectId | undefined> {
  if (type === 'object') return id;
  if (type === '') return peelTag(objects, id);
  if (!isObjectType(type)) return undefined;
  let target = id;
  for (;;) {
    const found = (await objects.header(target))?.type;
    if (found === undefined || found === type) return found && target;
    const next = await stepTowards(objects, target, found, type);
    if (next === undefined) return undefined;
    target = next;
  }
}

async function stepTowards(
  objects: ObjectStore,
  id: ObjectId,
  found: ObjectType,
  wanted: ObjectType,
): Promise<ObjectId | undefined> {
  if (found === 'tag') return parseTag((await objects.read(id)).body, objects.format).targetId;
  if (found !== 'commit' || wanted !== 'tree') return undefined;
  return parseCommit((await objects.read(id)).body, objects.format).treeId;
}

async function findBelow({ objects }: NameScope, id: ObjectId, path: string): Promise<ObjectId | undefined> {
  const treeId = await peelTo(objects, id, 'tree');
  return treeId && findTreePath(objects, treeId, Buffer.from(path).toString('latin1'));
}
