/**
 * Decides whether a block is one half of a collision: computes the other half that a disturbance vector predicts, and compares.
 *
 * From the state before the vector's test step, where both halves agree, the sibling message (the block's, XOR the vector's
 * difference) is followed back to the chaining value it would start from and on to the one it would end with. They collide when
 * both halves end with the same. As `sha1_process` in git's sha1dc/sha1.c (MIT, see LICENSE-sha1dc.txt).
 *
 * Siblings wait until there are four, which the kernel follows side by side.
 */
import { DISTURBANCE_VECTORS, messageDifference } from './disturbance-vectors.ts';
import type { Sha1Kernel } from './sha1-kernel.ts';
import { CHAIN_WORDS, LANES, LAYOUT, SIBLING, STEPS, TEST_STATES } from './sha1-layout.ts';

/** What the block is a part of. */
export interface SuspectMessage {
  isAttack: boolean;
}

const DIFFERENCES = DISTURBANCE_VECTORS.map((vector) => Int32Array.from(messageDifference(vector), (word) => word | 0));

export class CollisionCheck {
  readonly #words: Int32Array;
  readonly #waiting58: WaitingSiblings;
  readonly #waiting65: WaitingSiblings;

  /** @param words the kernel's memory */
  constructor(words: Int32Array, kernel: Sha1Kernel) {
    this.#words = words;
    this.#waiting58 = new WaitingSiblings(words, LAYOUT.siblings58, () => kernel.compare58(0));
    this.#waiting65 = new WaitingSiblings(words, LAYOUT.siblings65, () => kernel.compare65(0));
  }

  /** Takes the block of a lane at which the kernel stopped; `message` has its verdict after `settle`. */
  add(lane: number, message: SuspectMessage): void {
    const mask = this.#words[LAYOUT.mask / 4 + lane] as number;
    for (let left = mask; left !== 0; left &= left - 1) {
      const vector = 31 - Math.clz32(left & -left);
      const waiting = DISTURBANCE_VECTORS[vector]?.testStep === 58 ? this.#waiting58 : this.#waiting65;
      waiting.add(lane, vector, message);
    }
  }

  /** Decides about all that were added. */
  settle(): void {
    this.#waiting58.settle();
    this.#waiting65.settle();
  }

  forget(): void {
    this.#waiting58.forget();
    this.#waiting65.forget();
  }
}

/** Siblings of one test step, one in each lane. */
class WaitingSiblings {
  readonly #words: Int32Array;
  readonly #base: number;
  readonly #compare: () => number;
  readonly #messages: SuspectMessage[] = [];

  constructor(words: Int32Array, address: number, compare: () => number) {
    this.#words = words;
    this.#base = address / 4;
    this.#compare = compare;
  }

  add(lane: number, vector: number, message: SuspectMessage): void {
    const slot = this.#base + this.#messages.push(message) - 1;
    this.#copySibling(lane, DIFFERENCES[vector] as Int32Array, slot);
    this.#copyWords((TEST_STATES[vector] as number) / 4 + lane, slot + SIBLING.state / 4);
    this.#copyWords(LAYOUT.chain / 4 + lane, slot + SIBLING.chain / 4);
    if (this.#messages.length === LANES) this.settle();
  }

  settle(): void {
    if (this.#messages.length === 0) return;
    const colliding = this.#compare();
    // Lanes beyond these hold what was decided before.
    this.#messages.forEach((message, lane) => {
      if ((colliding >>> lane) & 1) message.isAttack = true;
    });
    this.forget();
  }

  forget(): void {
    this.#messages.length = 0;
  }

  #copySibling(lane: number, difference: Int32Array, slot: number): void {
    const words = this.#words;
    const from = LAYOUT.message / 4 + lane;
    for (let step = 0; step < STEPS; step++) {
      words[slot + step * LANES] = (words[from + step * LANES] as number) ^ (difference[step] as number);
    }
  }

  #copyWords(from: number, to: number): void {
    for (let word = 0; word < CHAIN_WORDS; word++)
      this.#words[to + word * LANES] = this.#words[from + word * LANES] as number;
  }
}
