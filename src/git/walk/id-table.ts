/**
 * A set of object ids with a byte of notes each: what millions of references are gathered in while a pack is checked. Ids lie in
 * one buffer; a hash table of their numbers finds them.
 */
import type { ObjectFormat } from '../object/object-id.ts';

export class IdTable {
  readonly idBytes: number;
  #ids: Uint8Array;
  #words: Int32Array;
  #notes: Uint8Array;
  #slots: Int32Array;
  #mask: number;
  size = 0;

  constructor(format: ObjectFormat, capacity = 64) {
    this.idBytes = format.idBytes;
    const slotCount = 2 ** Math.ceil(Math.log2(Math.max(16, capacity * 2)));
    this.#ids = new Uint8Array(capacity * this.idBytes);
    this.#words = new Int32Array(capacity);
    this.#notes = new Uint8Array(capacity);
    this.#slots = new Int32Array(slotCount).fill(-1);
    this.#mask = slotCount - 1;
  }

  /** The ids, one slot after another, `size` of them. Valid until the next `add`. */
  get ids(): Uint8Array {
    return this.#ids.subarray(0, this.size * this.idBytes);
  }

  /** The byte of each id. Valid until the next `add`. */
  get notes(): Uint8Array {
    return this.#notes.subarray(0, this.size);
  }

  /** Adds an id unless it is there. @returns its number */
  add(bytes: Uint8Array, start: number): number {
    const word = wordAt(bytes, start, this.idBytes);
    let slot = word & this.#mask;
    for (;;) {
      const number = this.#slots[slot] as number;
      if (number < 0) return this.#insert(bytes, start, word, slot);
      if (this.#words[number] === word && this.#equals(number, bytes, start)) return number;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** @returns the id's number, or -1 */
  find(bytes: Uint8Array, start: number): number {
    const word = wordAt(bytes, start, this.idBytes);
    let slot = word & this.#mask;
    for (;;) {
      const number = this.#slots[slot] as number;
      if (number < 0) return -1;
      if (this.#words[number] === word && this.#equals(number, bytes, start)) return number;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Adds an id and sets bits of its note. @returns its number */
  mark(bytes: Uint8Array, start: number, bits: number): number {
    const number = this.add(bytes, start);
    this.#notes[number] = (this.#notes[number] as number) | bits;
    return number;
  }

  #insert(bytes: Uint8Array, start: number, word: number, slot: number): number {
    const number = this.size++;
    if (number === this.#words.length) this.#growIds();
    for (let index = 0, to = number * this.idBytes; index < this.idBytes; index++) {
      this.#ids[to + index] = bytes[start + index] as number;
    }
    this.#words[number] = word;
    this.#slots[slot] = number;
    if (this.size * 2 > this.#slots.length) this.#growSlots();
    return number;
  }

  #equals(number: number, bytes: Uint8Array, start: number): boolean {
    for (let index = 0, at = number * this.idBytes; index < this.idBytes; index++) {
      if (this.#ids[at + index] !== bytes[start + index]) return false;
    }
    return true;
  }

  #growIds(): void {
    const capacity = this.#words.length * 2;
    const ids = new Uint8Array(capacity * this.idBytes);
    const words = new Int32Array(capacity);
    const notes = new Uint8Array(capacity);
    ids.set(this.#ids);
    words.set(this.#words);
    notes.set(this.#notes);
    this.#ids = ids;
    this.#words = words;
    this.#notes = notes;
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    this.#mask = slots.length - 1;
    for (let number = 0; number < this.size; number++) {
      let slot = (this.#words[number] as number) & this.#mask;
      while ((slots[slot] as number) >= 0) slot = (slot + 1) & this.#mask;
      slots[slot] = number;
    }
    this.#slots = slots;
  }
}

/**
 * Odd factors that no sender knows: ids in trees and commits are free to choose, and a table that hashed them in a known way could be
 * made to degenerate into a list.
 */
const FACTORS = crypto.getRandomValues(new Int32Array(8)).map((factor) => factor | 1);

function wordAt(bytes: Uint8Array, start: number, idBytes: number): number {
  let sum = 0;
  for (let at = start, index = 0; index * 4 < idBytes; index++, at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    sum = Math.imul(sum ^ word, FACTORS[index] as number);
    sum ^= sum >>> 15;
  }
  return sum;
}
