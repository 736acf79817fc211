/** Plans the pack that answers a fetch, and makes it while it is read. */
import { createHash, hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { toHex } from '#bytes/hex.ts';
import { encodePackHeader, PACK_HEADER_BYTES } from '#git/pack/pack-format.ts';
import type { IdTable } from '#git/walk/id-table.ts';
import { limits } from '#limits.ts';
import { packKey } from '#storage/storage-key.ts';
import type { PackFiles } from '../pack-files.ts';
import type { LoadedPack, PackedObjectStore } from '../packed-object-store.ts';
import type { SortedRefs } from '../ref-snapshot.ts';
import type { PackPlan, PackRequest } from '../repository-engine.ts';
import { type Closure, computeClosure } from './closure.ts';
import { type CopyContext, EntryCopier } from './entry-copier.ts';
import { walkObjects } from './object-walk.ts';
import { type PackSelection, selectAll, selectObjects } from './pack-selection.ts';
import { allPacksAreWanted, type Duplicates, findDuplicates } from './whole-packs.ts';

interface Selected {
  readonly selections: readonly PackSelection[];
  readonly isSent: (id: Uint8Array) => boolean;
  readonly clientHas: IdTable | undefined;
}

/** What was found out about a list of packs, for as long as the list is in use. */
interface ListKnowledge {
  duplicates: Duplicates | undefined;
  /** Choices among its objects, by what was asked: the same clone is asked for again and again, by every runner of a CI. */
  readonly choices: LRUCache<string, Selected>;
}

const knowledgeOf = new WeakMap<readonly LoadedPack[], ListKnowledge>();

function knowledge(packs: readonly LoadedPack[]): ListKnowledge {
  const known = knowledgeOf.get(packs);
  if (known) return known;
  const choices = new LRUCache<string, Selected>({
    maxSize: limits.packChoicesMaxObjects,
    sizeCalculation: ({ selections }) => selections.reduce((sum, selection) => sum + selection.count, 1),
  });
  const fresh: ListKnowledge = { duplicates: undefined, choices };
  knowledgeOf.set(packs, fresh);
  return fresh;
}

export async function planPack(
  objects: PackedObjectStore,
  refs: SortedRefs,
  files: PackFiles,
  request: PackRequest,
): Promise<PackPlan> {
  const packs = await objects.load();
  const closure = await computeClosure(objects, { ...request, refs: refs.refs });
  const selected =
    selectWholePacks(packs, closure, files, request) ??
    (await selectObjectwise(packs, objects, closure, files, request));
  const objectCount = selected.selections.reduce((sum, selection) => sum + selection.count, 0);
  request.onProgress?.(`Enumerating objects: ${objectCount}, done.\n`);
  const context: CopyContext = {
    blobs: files.blobs,
    objects,
    ofsDelta: request.ofsDelta,
    isSent: selected.isSent,
    clientHas: request.thinPack ? selected.clientHas : undefined,
    signal: request.signal,
  };
  return {
    objectCount,
    stream: () => streamPack(selected.selections, objectCount, context, request),
  };
}

/** A clone of everything takes packs as they are. @returns undefined when it must choose among objects */
function selectWholePacks(
  packs: readonly LoadedPack[],
  closure: Closure,
  files: PackFiles,
  request: PackRequest,
): Selected | undefined {
  if (closure.hasHaves || !request.ofsDelta) return undefined;
  const known = knowledge(packs);
  known.duplicates ??= findDuplicates(packs);
  const { duplicates } = known;
  if (!allPacksAreWanted(packs, duplicates, closure)) return undefined;
  return { selections: selectAll(packs, duplicates, files), isSent: () => true, clientHas: undefined };
}

/** The same question about the same packs has the same answer: what `refs` adds by `includeTag` is part of the question. */
async function selectObjectwise(
  packs: readonly LoadedPack[],
  objects: PackedObjectStore,
  closure: Closure,
  files: PackFiles,
  request: PackRequest,
): Promise<Selected> {
  const { choices } = knowledge(packs);
  const question = hash(
    'sha256',
    JSON.stringify([request.wants.toSorted(), request.haves.toSorted(), toHex(closure.tags.ids)]),
  );
  const known = choices.get(question);
  if (known) return known;
  const selected = await selectByWalk(objects, closure, files, request);
  choices.set(question, selected);
  return selected;
}

async function selectByWalk(
  objects: PackedObjectStore,
  closure: Closure,
  files: PackFiles,
  request: PackRequest,
): Promise<Selected> {
  const { needed, clientHas } = await walkObjects(objects, closure, request.signal);
  return {
    selections: selectObjects(needed, objects, files, objects.format),
    isSent: (id) => needed.find(id, 0) >= 0,
    clientHas,
  };
}

async function* streamPack(
  selections: readonly PackSelection[],
  objectCount: number,
  context: CopyContext,
  request: PackRequest,
): AsyncIterable<Uint8Array> {
  const { format } = context.objects;
  const hash = createHash(format.name);
  const header = encodePackHeader(objectCount);
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
}

function bytesOf(selection: PackSelection, offset: number, context: CopyContext): AsyncIterable<Uint8Array> {
  const { pack } = selection;
  if (selection.kind === 'entries') return new EntryCopier(context, pack, selection.entries).copies(offset);
  // Deltas name their bases by distance, so a pack's body is right wherever it stands.
  const bodyBytes = pack.sizeBytes - PACK_HEADER_BYTES - context.objects.format.idBytes;
  const range = { offset: PACK_HEADER_BYTES, lengthBytes: bodyBytes };
  return context.blobs.stream(packKey(pack.id), range, { signal: context.signal });
}
