/** Plans the pack that answers a fetch, and makes it while it is read. */
import { createHash, hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { toHex } from '#bytes/hex.ts';
import { isDecidedByHeader, planFilter } from '#git/filter/filter-plan.ts';
import { encodePackHeader, PACK_HEADER_BYTES } from '#git/pack/pack-format.ts';
import { limits } from '#limits.ts';
import { packKey } from '#storage/storage-key.ts';
import type { PackFiles } from '../pack-files.ts';
import type { LoadedPack, PackedObjectStore } from '../packed-object-store.ts';
import type { PackPlan, PackRequest, WholePack } from '../repository-engine.ts';
import { SharedWork } from '../shared-work.ts';
import { computeClosure } from './closure.ts';
import { type CopyContext, type CopyTally, EntryCopier } from './entry-copier.ts';
import { selectByFilter, selectByHeader } from './filtered-selection.ts';
import type { HistorySource } from './history/known-history.ts';
import { type PackSelection, selectAll } from './pack-selection.ts';
import { selectBesidePacks } from './settled-packs.ts';
import { otherTagRefs, type Selected, type SelectionQuestion, selectByWalk, sendsCommits } from './walked-selection.ts';
import { countWantedPacks, type Duplicates, findDuplicates } from './whole-packs.ts';

/** What was found out about a list of packs, for as long as the list is in use. */
interface ListKnowledge {
  /** Stands for the list in keys. */
  readonly number: number;
  duplicates: Promise<Duplicates> | undefined;
}

const knowledgeOf = new WeakMap<readonly LoadedPack[], ListKnowledge>();
let listCount = 0;

function knowledge(packs: readonly LoadedPack[]): ListKnowledge {
  const known = knowledgeOf.get(packs);
  if (known) return known;
  const fresh: ListKnowledge = { number: listCount++, duplicates: undefined };
  knowledgeOf.set(packs, fresh);
  return fresh;
}

/** Choices among objects, by what was asked of which packs: the same clone is asked for again and again, by every runner of a CI. */
const choices = new LRUCache<string, Selected>({
  maxSize: limits.packChoicesMaxObjects,
  sizeCalculation: ({ selections }) => selections.reduce((sum, selection) => sum + selection.count, 1),
});
const choicesUnderWay = new SharedWork<Selected>();

export async function planPack(
  objects: PackedObjectStore,
  files: PackFiles,
  request: PackRequest,
  source?: HistorySource,
): Promise<PackPlan> {
  const packs = await objects.load();
  const includeTag = request.includeTag && sendsCommits(request.filter);
  const closure = await computeClosure(objects, { ...request, includeTag });
  const selected = await selectOnce(packs, { objects, files, packs, closure, request, source });
  const objectCount = countObjects(selected.selections);
  request.onProgress?.(`Enumerating objects: ${objectCount}, done.\n`);
  // For those who look for the line of git before 2.19; the choice counted them.
  if (objectCount > 0) request.onProgress?.(`Counting objects: 100% (${objectCount}/${objectCount}), done.\n`);
  const context: CopyContext = {
    blobs: files.blobs,
    objects,
    ofsDelta: request.ofsDelta,
    isSent: selected.isSent,
    clientHas: request.thinPack ? selected.clientHas : undefined,
    tally: { deltas: 0, reused: 0 },
    signal: request.signal,
  };
  return {
    objectCount,
    wholePacks: wholePacksOf(selected.selections),
    stream: (without) => streamPack(withoutPacks(selected.selections, without), context, request),
  };
}

/** None where some packs are sent in part: their deltas may stand on objects of a pack that would then come later. */
function wholePacksOf(selections: readonly PackSelection[]): WholePack[] {
  if (selections.some((selection) => selection.kind !== 'whole')) return [];
  return selections.map(({ pack }) => ({
    packId: pack.id,
    sizeBytes: pack.sizeBytes,
    trailer: pack.index.packTrailer,
  }));
}

function withoutPacks(
  selections: readonly PackSelection[],
  without: ReadonlySet<string> | undefined,
): readonly PackSelection[] {
  return without === undefined ? selections : selections.filter(({ pack }) => !without.has(pack.id));
}

/** The same question about the same packs has the same answer. */
async function selectOnce(packs: readonly LoadedPack[], question: SelectionQuestion): Promise<Selected> {
  const whole = await selectWholePacks(question);
  if (whole) return whole;
  const key = `${knowledge(packs).number} ${keyOf(question)}`;
  const known = choices.get(key);
  if (known) return known;
  return choicesUnderWay.share(key, question.request.signal, async (signal) => {
    const selected = await selectObjectwise({ ...question, request: { ...question.request, signal } });
    choices.set(key, selected);
    return selected;
  });
}

/** A clone of everything takes packs as they are. @returns undefined when it must choose among objects */
async function selectWholePacks(question: SelectionQuestion): Promise<Selected | undefined> {
  const { packs, files } = question;
  const wanted = takesPacks(question) ? await wantedPacks(question) : undefined;
  if (!wanted || wanted.count < packs.length) return undefined;
  return { selections: await selectAll(packs, wanted.duplicates, files), isSent: () => true, clientHas: undefined };
}

function takesPacks({ request }: SelectionQuestion): boolean {
  return !request.filter && request.ofsDelta;
}

async function selectObjectwise(question: SelectionQuestion): Promise<Selected> {
  const { packs, request } = question;
  const wanted = await wantedPacks(question);
  if (wanted && wanted.count > 0 && takesPacks(question)) {
    return selectBesidePacks(question, packs.slice(0, wanted.count), wanted.duplicates);
  }
  if (!request.filter) return selectByWalk(question);
  const plan = planFilter(request.filter);
  const isDecided = isDecidedByHeader(plan) && wanted?.count === packs.length;
  return isDecided ? selectByHeader(question, plan, wanted.duplicates) : selectByFilter(question, plan);
}

interface WantedPacks {
  /** Of the packs, from the oldest on, that are asked for with every object. */
  readonly count: number;
  readonly duplicates: Duplicates;
}

/** @returns undefined when the client has something, or may not have everything */
async function wantedPacks({ packs, closure }: SelectionQuestion): Promise<WantedPacks | undefined> {
  if (closure.hasHaves || closure.boundary.size > 0) return undefined;
  const known = knowledge(packs);
  known.duplicates ??= findDuplicates(packs);
  const duplicates = await known.duplicates;
  return { count: countWantedPacks(packs, duplicates, closure), duplicates };
}

function keyOf({ closure, request }: SelectionQuestion): string {
  const { graph, tags, boundary, childrenHad } = closure;
  const parts = [
    request.wants.toSorted(),
    request.haves.toSorted(),
    toHex(tags.ids),
    [...boundary].map((position) => graph.idAt(position)).sort(),
    [...childrenHad.keys()].map((position) => graph.idAt(position)).sort(),
    request.filter,
    otherTagRefs(closure, request).map((ref) => ref.target),
  ];
  return hash('sha256', JSON.stringify(parts));
}

function countObjects(selections: readonly PackSelection[]): number {
  return selections.reduce((sum, selection) => sum + selection.count, 0);
}

async function* streamPack(
  selections: readonly PackSelection[],
  context: CopyContext,
  request: PackRequest,
): AsyncIterable<Uint8Array> {
  const { format } = context.objects;
  const hash = createHash(format.name);
  const header = encodePackHeader(countObjects(selections));
  hash.update(header);
  yield header;
  let offset = PACK_HEADER_BYTES;
  for (const selection of selections) {
    for await (const bytes of bytesOf(selection, offset, context)) {
      request.signal.throwIfAborted();
      hash.update(bytes);
      offset += bytes.length;
      yield bytes;
    }
  }
  yield hash.digest();
  request.onProgress?.(totalLine(selections, context.tally));
}

/** As git says it, which counts no deltas in what it copies whole: `pack-objects`, "Total". */
function totalLine(selections: readonly PackSelection[], { deltas, reused }: CopyTally): string {
  const packReused = countObjects(selections.filter(({ kind }) => kind === 'whole'));
  const counts = `Total ${countObjects(selections)} (delta ${deltas}), reused ${reused} (delta ${deltas})`;
  return `${counts}, pack-reused ${packReused}\n`;
}

function bytesOf(selection: PackSelection, offset: number, context: CopyContext): AsyncIterable<Uint8Array> {
  const { pack } = selection;
  if (selection.kind === 'entries') return new EntryCopier(context, pack, selection.entries).copies(offset);
  // Deltas name their bases by distance, so a pack's body is right wherever it stands.
  const bodyBytes = pack.sizeBytes - PACK_HEADER_BYTES - context.objects.format.idBytes;
  const range = { offset: PACK_HEADER_BYTES, lengthBytes: bodyBytes };
  return context.blobs.stream(packKey(pack.id), range, { signal: context.signal });
}
