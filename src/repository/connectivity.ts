/**
 * Whether what a pack refers to is in the repository. Live packs hold the full closure of their objects, so one look-up for each
 * reference is enough: see `git/pack/pack-report.ts`.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { toHex } from '#bytes/hex.ts';
import { checkNamedBlob, type NamedObject } from '#git/fsck/check-object.ts';
import type { FsckOptions } from '#git/fsck/finding.ts';
import { FsckGate } from '#git/fsck/fsck-gate.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { type PackReport, WrongTypeError } from '#git/pack/pack-report.ts';
import { IS_GITATTRIBUTES, IS_GITMODULES, meetsExpectation } from '#git/pack/reference-table.ts';
import { limits } from '#limits.ts';
import { headerAt, type PackedObjectStore } from './packed-object-store.ts';

/** Look-ups between two turns of the event loop: about 5 ms. */
const LOOKUPS_PER_TURN = 10_000;

/**
 * @returns the first reference that leads nowhere, or undefined when all is there
 * @throws {WrongTypeError}
 */
export async function findMissingReference(
  objects: PackedObjectStore,
  report: Pick<PackReport, 'externalIds' | 'externalNotes'>,
): Promise<ObjectId | undefined> {
  await objects.load();
  const { idBytes } = objects.format;
  const { externalIds, externalNotes } = report;
  for (let number = 0; number < externalNotes.length; number++) {
    if (number % LOOKUPS_PER_TURN === LOOKUPS_PER_TURN - 1) await yieldToOthers();
    const place = objects.locate(externalIds, number * idBytes);
    if (!place) return toHex(externalIds, number * idBytes, (number + 1) * idBytes);
    if (!meetsExpectation(place.pack.summary.types[place.position] as number, externalNotes[number] as number)) {
      const id = toHex(externalIds, number * idBytes, (number + 1) * idBytes);
      throw new WrongTypeError(`object ${id}: it is a ${headerAt(place).type}, and referred to as something else`);
    }
  }
  return undefined;
}

/**
 * Checks blobs that were in the repository before, and that a new tree names `.gitmodules` or `.gitattributes`.
 *
 * @throws {FsckError}
 */
export async function checkExternalNamedBlobs(
  objects: PackedObjectStore,
  { externalIds, externalNotes }: Pick<PackReport, 'externalIds' | 'externalNotes'>,
  fsck: FsckOptions,
): Promise<void> {
  const { idBytes } = objects.format;
  const gate = new FsckGate(objects.format, fsck);
  for (let number = 0; number < externalNotes.length; number++) {
    const note = externalNotes[number] as number;
    if ((note & (IS_GITMODULES | IS_GITATTRIBUTES)) === 0) continue;
    const object = await readNamedObject(objects, toHex(externalIds, number * idBytes, (number + 1) * idBytes));
    for (const name of ['gitmodules', 'gitattributes'] as const) {
      if ((note & (name === 'gitmodules' ? IS_GITMODULES : IS_GITATTRIBUTES)) === 0) continue;
      gate.judgeFindings('blob', checkNamedBlob(name, object, fsck), externalIds, number * idBytes);
    }
  }
}

async function readNamedObject(objects: PackedObjectStore, id: ObjectId): Promise<NamedObject> {
  const header = await objects.header(id);
  if (!header) return { kind: 'missing' };
  if (header.type !== 'blob') return { kind: 'other-type' };
  if (header.sizeBytes > limits.namedBlobMaxBytes) return { kind: 'too-large' };
  return { kind: 'blob', body: (await objects.read(id)).body };
}
