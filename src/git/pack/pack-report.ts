/**
 * The last step of indexing: with the id of every object known, makes the index and the summary, and finds the references that lead out of
 * the pack.
 *
 * A reference of a new object must lead to an object of the pack or of the repository. Whatever was in the repository before has its
 * references there too, so one look-up for each reference proves that nothing is missing; no history is walked.
 */

import { toHex } from '#bytes/hex.ts';
import { CorruptPackError, GitError } from '../errors.ts';
import { objectTypeOf, TYPE_NUMBER } from '../object/object-type.ts';
import { IdTable } from '../walk/id-table.ts';
import type { EntryTable } from './entry-table.ts';
import { encodePackIndex, sortEntriesById } from './pack-index.ts';
import type { Inspection } from './pack-inspector.ts';
import { encodePackSummary } from './pack-summary.ts';
import { IS_GITATTRIBUTES, IS_GITMODULES, meetsExpectation } from './reference-table.ts';
import { findDeepTrees } from './tree-nesting.ts';

export interface PackReport {
  readonly index: Uint8Array;
  readonly summary: Uint8Array;
  /** References that the repository must answer for, with what is expected of each (`reference-table.ts`). */
  readonly externalIds: Uint8Array;
  readonly externalNotes: Uint8Array;
  /** Entries that a tree calls `.gitmodules` or `.gitattributes`, with their notes. */
  readonly namedEntries: Int32Array;
  readonly namedNotes: Uint8Array;
  /** Ids of trees that may have more levels than are allowed: `tree-nesting.ts`. */
  readonly deepTreeIds: Uint8Array;
}

/** An object that is not of the type its referrer says. */
export class WrongTypeError extends GitError {
  override readonly name = 'WrongTypeError';
  readonly code = 'WRONG_TYPE';
}

/**
 * @param treeLevelsMax trees inside each other, the outermost counted
 * @throws {CorruptPackError} an object that occurs twice, as `git index-pack --strict` has it
 * @throws {WrongTypeError}
 */
export function reportPack(
  table: EntryTable,
  inspections: readonly Inspection[],
  trailer: Uint8Array,
  treeLevelsMax: number,
): PackReport {
  const order = sortEntriesById(table);
  refuseDuplicates(table, order);
  const references = mergeReferences(table, inspections);
  const resolved = resolveReferences(table, references);
  return {
    index: encodePackIndex(table, order, trailer),
    summary: summarise(table, order, resolved.isReferenced, inspections),
    externalIds: resolved.externalIds,
    externalNotes: resolved.externalNotes,
    namedEntries: Int32Array.from(resolved.namedEntries),
    namedNotes: Uint8Array.from(resolved.namedNotes),
    deepTreeIds: deepTreesOf(table, inspections, { references, entries: resolved.entries }, treeLevelsMax),
  };
}

/** @param references of all inspections, each with the entry that it leads to, or -1 */
function deepTreesOf(
  table: EntryTable,
  inspections: readonly Inspection[],
  { references, entries }: { references: IdTable; entries: Int32Array },
  levelsMax: number,
): Uint8Array {
  const { idBytes } = table.format;
  const pairs = new Int32Array(inspections.reduce((sum, { nesting }) => sum + nesting.length, 0));
  let length = 0;
  for (const { nesting, referenceIds } of inspections) {
    for (let at = 0; at < nesting.length; at += 2) {
      const inner = entries[references.find(referenceIds, (nesting[at + 1] as number) * idBytes)] as number;
      if (inner < 0) continue;
      pairs[length++] = nesting[at] as number;
      pairs[length++] = inner;
    }
  }
  const deep = findDeepTrees(table, pairs.subarray(0, length), levelsMax);
  const ids = new Uint8Array(deep.length * idBytes);
  deep.forEach((entry, number) => {
    ids.set(table.id.subarray(entry * idBytes, (entry + 1) * idBytes), number * idBytes);
  });
  return ids;
}

function refuseDuplicates(table: EntryTable, order: Int32Array): void {
  const { id } = table;
  const { idBytes } = table.format;
  for (let position = 1; position < order.length; position++) {
    const a = (order[position - 1] as number) * idBytes;
    const b = (order[position] as number) * idBytes;
    let index = 0;
    while (index < idBytes && id[a + index] === id[b + index]) index++;
    if (index === idBytes) {
      throw new CorruptPackError(`The same object ${toHex(id, a, a + idBytes)} appears twice in the pack`);
    }
  }
}

function mergeReferences(table: EntryTable, inspections: readonly Inspection[]): IdTable {
  const merged = new IdTable(table.format, Math.max(16, ...inspections.map((part) => part.referenceNotes.length)));
  for (const { referenceIds, referenceNotes } of inspections) {
    for (let number = 0; number < referenceNotes.length; number++) {
      merged.mark(referenceIds, number * table.format.idBytes, referenceNotes[number] as number);
    }
  }
  return merged;
}

function resolveReferences(table: EntryTable, references: IdTable) {
  const { idBytes } = table.format;
  const isReferenced = new Uint8Array(table.count);
  const entries = new Int32Array(references.size).fill(-1);
  const namedEntries: number[] = [];
  const namedNotes: number[] = [];
  const { notes } = references;
  for (let entry = 0; entry < table.count; entry++) {
    const number = references.find(table.id, entry * idBytes);
    if (number < 0) continue;
    const note = notes[number] as number;
    const typeNumber = table.type[entry] as number;
    if (!meetsExpectation(typeNumber, note)) throw wrongType(table, entry);
    isReferenced[entry] = 1;
    entries[number] = entry;
    if (note & (IS_GITMODULES | IS_GITATTRIBUTES)) {
      namedEntries.push(entry);
      namedNotes.push(note);
    }
  }
  return { isReferenced, entries, namedEntries, namedNotes, ...externalOf(references, entries) };
}

function externalOf(references: IdTable, entries: Int32Array) {
  const { idBytes, ids, notes } = references;
  const count = entries.reduce((sum, entry) => sum + (entry < 0 ? 1 : 0), 0);
  const externalIds = new Uint8Array(count * idBytes);
  const externalNotes = new Uint8Array(count);
  let at = 0;
  for (let number = 0; number < entries.length; number++) {
    if ((entries[number] as number) >= 0) continue;
    externalIds.set(ids.subarray(number * idBytes, (number + 1) * idBytes), at * idBytes);
    externalNotes[at++] = notes[number] as number;
  }
  return { externalIds, externalNotes };
}

function wrongType(table: EntryTable, entry: number): WrongTypeError {
  const { idBytes } = table.format;
  const id = toHex(table.id, entry * idBytes, (entry + 1) * idBytes);
  return new WrongTypeError(
    `object ${id}: it is a ${objectTypeOf(table.type[entry] as number)}, and referred to as something else`,
  );
}

function summarise(
  table: EntryTable,
  order: Int32Array,
  isReferenced: Uint8Array,
  inspections: readonly Inspection[],
): Uint8Array {
  const { count, format } = table;
  const { idBytes } = format;
  const types = new Uint8Array(count);
  const sizes = new Uint32Array(count);
  const positionOf = new Uint32Array(count);
  const roots: number[] = [];
  const commitPositions: number[] = [];
  for (let position = 0; position < count; position++) {
    const entry = order[position] as number;
    types[position] = table.type[entry] as number;
    sizes[position] = table.size[entry] as number;
    positionOf[entry] = position;
    if (!isReferenced[entry]) roots.push(position);
    if (table.type[entry] === TYPE_NUMBER.commit) commitPositions.push(position);
  }

  const commits = Uint32Array.from(commitPositions);
  const rowOf = new Uint32Array(count);
  commits.forEach((position, row) => {
    rowOf[position] = row;
  });
  const dates = new Float64Array(commits.length);
  const treeIds = new Uint8Array(commits.length * idBytes);
  const parentStarts = new Uint32Array(commits.length + 1);
  const records = inspections.map((part) => part.commits);
  for (const record of records) {
    record.entries.forEach((entry, number) => {
      const row = rowOf[positionOf[entry] as number] as number;
      dates[row] = record.dates[number] as number;
      treeIds.set(record.treeIds.subarray(number * idBytes, (number + 1) * idBytes), row * idBytes);
      parentStarts[row + 1] = (record.parentStarts[number + 1] as number) - (record.parentStarts[number] as number);
    });
  }
  for (let row = 0; row < commits.length; row++) {
    parentStarts[row + 1] = (parentStarts[row + 1] as number) + (parentStarts[row] as number);
  }
  const parentIds = new Uint8Array((parentStarts[commits.length] as number) * idBytes);
  for (const record of records) {
    record.entries.forEach((entry, number) => {
      const row = rowOf[positionOf[entry] as number] as number;
      const from = (record.parentStarts[number] as number) * idBytes;
      const to = (record.parentStarts[number + 1] as number) * idBytes;
      parentIds.set(record.parentIds.subarray(from, to), (parentStarts[row] as number) * idBytes);
    });
  }
  return encodePackSummary(
    { types, sizes, commits, dates, parentStarts, roots: Uint32Array.from(roots), treeIds, parentIds },
    format,
  );
}
