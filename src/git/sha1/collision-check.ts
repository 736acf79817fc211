/**
 * Decides whether a block is one half of a collision: computes the other half that a disturbance vector predicts, and compares.
 *
 * From the state before the vector's test step, where both halves agree, the sibling message (the block's, XOR the vector's
 * difference) is followed back to the chaining value it would start from and on to the one it would end with. They collide when
 * both halves end with the same. As `sha1_process` in git's sha1dc/sha1.c (MIT, see LICENSE-sha1dc.txt).
 *
 * Siblings wait until there are four, which the kernel follows side by side.
 */
import { DISTURBANCE_VECTORS } from './disturbance-vectors.ts';
import type { Sha1Kernel } from './sha1-kernel.ts';
import { LANES, LAYOUT, STEPS } from './sha1-layout.ts';

/** What the block is a part of. */
export interface SuspectMessage {
  isAttack: boolean;
}

export class CollisionCheck {
  readonly #words: Int32Array;
  readonly #waiting58: WaitingSiblings;
  readonly #waiting65: WaitingSiblings;

  /** @param words the kernel's memory */
  constructor(words: Int32Array, kernel: Sha1Kernel) {
    this.#words = words;
    this.#waiting58 = new WaitingSiblings(kernel, 'compare58', LAYOUT.stateBefore58, LAYOUT.siblings58);
    this.#waiting65 = new WaitingSiblings(kernel, 'compare65', LAYOUT.stateBefore65, LAYOUT.siblings65);
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
  readonly #kernel: Sha1Kernel;
  readonly #compare: 'compare58' | 'compare65';
  readonly #stateAddress: number;
  readonly #address: number;
  readonly #messages: SuspectMessage[] = [];

  constructor(kernel: Sha1Kernel, compare: 'compare58' | 'compare65', stateAddress: number, address: number) {
    this.#kernel = kernel;
    this.#compare = compare;
    this.#stateAddress = stateAddress;
    this.#address = address;
  }

  add(lane: number, vector: number, message: SuspectMessage): void {
    const slot = this.#messages.push(message) - 1;
    const difference = LAYOUT.differences + vector * STEPS * 4;
    this.#kernel.takeSibling(lane * 4, this.#stateAddress + lane * 4, difference, this.#address + slot * 4);
    if (this.#messages.length === LANES) this.settle();
  }

  settle(): void {
    if (this.#messages.length === 0) return;
    const colliding = this.#kernel[this.#compare](0);
    // Lanes beyond these hold what was decided before.
    this.#messages.forEach((message, lane) => {
      if ((colliding >>> lane) & 1) message.isAttack = true;
    });
    this.forget();
  }

  forget(): void {
    this.#messages.length = 0;
  }
}
