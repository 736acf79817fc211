import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ObjectFormat, SHA1, SHA256 } from '../object/object-id.ts';
import { IdTable } from './id-table.ts';

/** Ids of few different bytes, so that many agree in part. */
const idOf = (format: ObjectFormat) =>
  fc
    .array(fc.constantFrom(0, 1, 255), { minLength: format.idBytes, maxLength: format.idBytes })
    .map((bytes) => Buffer.from(bytes));

describe.each([SHA1, SHA256])('IdTable of $name', (format) => {
  it('does what a map does', () => {
    const actions = fc.array(fc.tuple(idOf(format), fc.nat(255)), { maxLength: 200 });
    fc.assert(
      fc.property(actions, (list) => {
        const table = new IdTable(format, 1);
        const model = new Map<string, number>();
        for (const [id, bits] of list) {
          table.mark(Buffer.concat([Buffer.of(9), id]), 1, bits);
          const key = id.toString('hex');
          model.set(key, (model.get(key) ?? 0) | bits);
        }
        const { idBytes } = format;
        const seen = Array.from(table.notes, (note, number): [string, number] => [
          Buffer.from(table.ids.slice(number * idBytes, (number + 1) * idBytes)).toString('hex'),
          note,
        ]);
        expect(seen).toEqual([...model]);
        for (const [index, [key]] of seen.entries()) expect(table.find(Buffer.from(key, 'hex'), 0)).toBe(index);
      }),
    );
  });

  it('keeps tens of thousands of ids, and finds no other', () => {
    const table = new IdTable(format);
    const id = Buffer.alloc(format.idBytes);
    for (let number = 0; number < 40_000; number++) {
      id.writeUInt32BE(number, format.idBytes - 4);
      expect(table.add(id, 0)).toBe(number);
    }
    for (let number = 0; number < 80_000; number += 17) {
      id.writeUInt32BE(number, format.idBytes - 4);
      expect(table.find(id, 0)).toBe(number < 40_000 ? number : -1);
    }
    id.writeUInt32BE(5, format.idBytes - 4);
    expect([table.add(id, 0), table.size]).toEqual([5, 40_000]);
  });
});
