/** What a partial fetch gets: the objects that its filter lets through, and those that it asked for by id. */
import { fromHex } from '#bytes/hex.ts';
import { ProtocolError } from '#git/errors.ts';
import { type FilterPlan, isDecidedByHeader, letsThrough } from '#git/filter/filter-plan.ts';
import { SparsePatterns } from '#git/filter/sparse-patterns.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { WANTED } from '#git/walk/commit-difference.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { limits } from '#limits.ts';
import { headerAt, type ObjectPlace, type PackedObjectStore } from '../packed-object-store.ts';
import { Pause } from '../pause.ts';
import { VisibleObjects } from '../visible-objects.ts';
import { addTags, type Closure } from './closure.ts';
import { commitsToSend } from './commits-to-send.ts';
import { findFilteredObjects, findNeededObjects } from './needed-objects.ts';
import { selectWhere } from './pack-selection.ts';
import { addOtherTags, otherTagRefs, type Selected, type SelectionQuestion, selectNeeded } from './walked-selection.ts';
import type { Duplicates } from './whole-packs.ts';

/** When everything is wanted and type and size decide, the packs' summaries tell without a look at any tree. */
export async function selectByHeader(
  { objects, packs, files, closure, request }: SelectionQuestion,
  plan: FilterPlan,
  duplicates: Duplicates,
): Promise<Selected> {
  const asked = askedById(closure, objects);
  const isSent = (id: Uint8Array) => {
    if (asked.find(id, 0) >= 0) return true;
    const place = objects.locate(id);
    return place !== undefined && isLetThrough(plan, place);
  };
  await addTags(objects, otherTagRefs(closure, request), asked, isSent);
  const selections = await selectWhere(
    packs,
    duplicates,
    files,
    (pack, position) => isLetThrough(plan, { pack, position }) || asked.find(pack.index.idAt(position), 0) >= 0,
  );
  return { selections, isSent, clientHas: undefined };
}

export async function selectByFilter(question: SelectionQuestion, plan: FilterPlan): Promise<Selected> {
  const { objects, closure } = question;
  const found = await findCandidates(question, plan);
  const asked = askedById(closure, objects);
  const needed = new IdTable(objects.format);
  const { idBytes } = objects.format;
  const pause = new Pause();
  for (let number = 0; number < found.size; number++) {
    if (pause.isDue) await pause.take();
    const place = objects.locate(found.ids, number * idBytes) as ObjectPlace;
    if (isLetThrough(plan, place) || asked.find(found.ids, number * idBytes) >= 0) {
      needed.add(found.ids, number * idBytes);
    }
  }
  await addOtherTags(question, needed);
  return selectNeeded(question, needed);
}

/** What the fetch would get if objects of all types and sizes were let through, as far as they may be. */
async function findCandidates(question: SelectionQuestion, plan: FilterPlan): Promise<IdTable> {
  const { objects, closure, request } = question;
  const { signal } = request;
  if (!isDecidedByHeader(plan)) {
    const sparse = await Promise.all(plan.sparseIds.map((id) => readPatterns(question, id)));
    return findFilteredObjects({ ...question, signal }, { depthLimit: plan.depthLimit, sparse });
  }
  if (plan.types.has('tree') || plan.types.has('blob'))
    return (await findNeededObjects({ ...question, signal })).needed;
  const candidates = askedById(closure, objects);
  const { ids } = await commitsToSend(closure, objects.format, signal);
  for (let at = 0; at < ids.length; at += objects.format.idBytes) candidates.add(ids, at);
  return candidates;
}

function isLetThrough(plan: FilterPlan, place: ObjectPlace): boolean {
  const { type, sizeBytes } = headerAt(place);
  return letsThrough(plan, type, sizeBytes);
}

/** What is asked for by id is sent, whatever the filter says — `NOT_USER_GIVEN` of git's `list-objects.c`. */
function askedById({ graph, marks, tags, looseWants, commitWants }: Closure, { format }: PackedObjectStore): IdTable {
  const asked = new IdTable(format);
  for (const { ids, size } of [tags, looseWants]) {
    for (let number = 0; number < size; number++) asked.add(ids, number * format.idBytes);
  }
  for (const position of commitWants) {
    if (marks[position] === WANTED) asked.add(fromHex(graph.idAt(position)), 0);
  }
  return asked;
}

async function readPatterns({ objects, source, request }: SelectionQuestion, blobId: ObjectId): Promise<Uint8Array> {
  const { visibleRefs, signal } = request;
  const header = await objects.header(blobId);
  const isVisible =
    header &&
    (await new VisibleObjects(objects, visibleRefs, { signal, source }).findInvisible(fromHex(blobId))).length === 0;
  // What is hidden from the client could be guessed by what its patterns let through.
  if (!isVisible) throw new ProtocolError(`unable to access sparse blob in '${blobId}'`);
  if (header.type !== 'blob' || header.sizeBytes > limits.sparsePatternsMaxBytes) {
    throw new ProtocolError(`unable to parse sparse filter data in ${blobId}`);
  }
  const { body } = await objects.read(blobId);
  // Found out before anything is walked.
  new SparsePatterns(body);
  return body;
}
