/**
 * Whether what a push brings is connected: every object leads to objects of the pack, or to visible ones of the repository. What is
 * visible has all that it leads to, so one look-up for each reference is enough: see `git/pack/pack-report.ts`. Only when
 * something is missing are the objects of the pack read again, to find out which refs need it.
 */
import { toHex } from '#bytes/hex.ts';
import { MissingObjectError } from '#git/errors.ts';
import { checkNamedBlob, type NamedObject } from '#git/fsck/check-object.ts';
import type { FsckOptions } from '#git/fsck/finding.ts';
import { FsckGate } from '#git/fsck/fsck-gate.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { type PackReport, WrongTypeError } from '#git/pack/pack-report.ts';
import { IS_GITATTRIBUTES, IS_GITMODULES, meetsExpectation } from '#git/pack/reference-table.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { limits } from '#limits.ts';
import { headerAt, type ObjectPlace, type PackedObjectStore } from './packed-object-store.ts';
import { Pause } from './pause.ts';
import type { VisibleObjects } from './visible-objects.ts';

type ExternalReferences = Pick<PackReport, 'externalIds' | 'externalNotes'>;

/**
 * @returns the ids that the pack refers to and that are neither in it nor visible
 * @throws {WrongTypeError}
 */
export async function findMissingReferences(
  objects: PackedObjectStore,
  visible: VisibleObjects,
  { externalIds, externalNotes }: ExternalReferences,
): Promise<IdTable> {
  await objects.load();
  const { format } = objects;
  const pause = new Pause();
  const missing = new IdTable(format);
  const present = new IdTable(format, Math.max(16, externalNotes.length));
  const mistaken: number[] = [];
  for (let number = 0; number < externalNotes.length; number++) {
    if (pause.isDue) await pause.take();
    const idStart = number * format.idBytes;
    const place = objects.locate(externalIds, idStart);
    if (!place) {
      missing.add(externalIds, idStart);
      continue;
    }
    const type = place.pack.summary.types[place.position] as number;
    if (!meetsExpectation(type, externalNotes[number] as number)) mistaken.push(idStart);
    present.add(externalIds, idStart);
  }
  for (const number of await visible.findInvisible(present.ids)) missing.add(present.ids, number * format.idBytes);
  // What is not visible is missing, and nothing is told of it.
  const known = mistaken.find((idStart) => missing.find(externalIds, idStart) < 0);
  if (known !== undefined) throw wrongType(objects, externalIds, known);
  return missing;
}

function wrongType(objects: PackedObjectStore, ids: Uint8Array, idStart: number): WrongTypeError {
  const { type } = headerAt(objects.locate(ids, idStart) as ObjectPlace);
  const id = toHex(ids, idStart, idStart + objects.format.idBytes);
  return new WrongTypeError(`object ${id}: it is a ${type}, and referred to as something else`);
}

/**
 * Checks blobs that were in the repository before, and that a new tree names `.gitmodules` or `.gitattributes`.
 *
 * @param missing what counts as not there, and is told of the refs that need it
 * @throws {FsckError}
 */
export async function checkExternalNamedBlobs(
  objects: PackedObjectStore,
  { externalIds, externalNotes }: ExternalReferences,
  missing: IdTable,
  fsck: FsckOptions,
): Promise<void> {
  const { idBytes } = objects.format;
  const gate = new FsckGate(objects.format, fsck);
  for (let number = 0; number < externalNotes.length; number++) {
    const note = externalNotes[number] as number;
    if ((note & (IS_GITMODULES | IS_GITATTRIBUTES)) === 0 || missing.find(externalIds, number * idBytes) >= 0) continue;
    const object = await readNamedObject(objects, toHex(externalIds, number * idBytes, (number + 1) * idBytes));
    for (const name of ['gitmodules', 'gitattributes'] as const) {
      if ((note & (name === 'gitmodules' ? IS_GITMODULES : IS_GITATTRIBUTES)) === 0) continue;
      gate.judgeFindings('blob', checkNamedBlob(name, object, fsck), externalIds, number * idBytes);
    }
  }
}

async function readNamedObject(objects: PackedObjectStore, id: ObjectId): Promise<NamedObject> {
  const header = await objects.header(id);
  if (!header) throw new MissingObjectError(id);
  if (header.type !== 'blob') return { kind: 'other-type' };
  if (header.sizeBytes > limits.namedBlobMaxBytes) return { kind: 'too-large' };
  return { kind: 'blob', body: (await objects.read(id)).body };
}
