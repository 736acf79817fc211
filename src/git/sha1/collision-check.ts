/**
 * Decides whether a block is one half of a collision: computes the other half that a disturbance vector predicts, and compares.
 *
 * From the state before the vector's test step, where both halves agree, the sibling message (the block's, XOR the vector's
 * difference) is followed back to the chaining value it would start from and on to the one it would end with. They collide when
 * both halves end with the same. As `sha1_process` in git's sha1dc/sha1.c (MIT, see LICENSE-sha1dc.txt).
 */
import { DISTURBANCE_VECTORS, messageDifference } from './disturbance-vectors.ts';
import { LANES, LAYOUT } from './sha1-kernel.ts';

const STEPS = 80;
const K = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6].map((word) => word | 0) as [number, number, number, number];

const CANDIDATES = DISTURBANCE_VECTORS.map((vector) => ({
  testStep: vector.testStep,
  state: (vector.testStep === 58 ? LAYOUT.stateBefore58 : LAYOUT.stateBefore65) / 4,
  difference: Int32Array.from(messageDifference(vector), (word) => word | 0),
}));

/** The expanded message of the sibling. */
const sibling = new Int32Array(STEPS);

/** @param words the kernel's memory, right after it stopped at a block */
export function isCollisionBlock(words: Int32Array, lane: number): boolean {
  const mask = words[LAYOUT.mask / 4 + lane] as number;
  for (let left = mask; left !== 0; left &= left - 1) {
    const vector = 31 - Math.clz32(left & -left);
    if (collides(words, lane, vector)) return true;
  }
  return false;
}

function collides(words: Int32Array, lane: number, vector: number): boolean {
  const { testStep, state, difference } = CANDIDATES[vector] as (typeof CANDIDATES)[number];
  const message = LAYOUT.message / 4 + lane;
  for (let step = 0; step < STEPS; step++) {
    sibling[step] = (words[message + step * LANES] as number) ^ (difference[step] as number);
  }
  let a = words[state + lane] as number;
  let b = words[state + LANES + lane] as number;
  let c = words[state + 2 * LANES + lane] as number;
  let d = words[state + 3 * LANES + lane] as number;
  let e = words[state + 4 * LANES + lane] as number;
  for (let step = testStep; step < STEPS; step++) {
    const round = step < 60 ? majority(b, c, d) + K[2] : (b ^ c ^ d) + K[3];
    const next = (((a << 5) | (a >>> 27)) + round + e + (sibling[step] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  const [endA, endB, endC, endD, endE] = [a, b, c, d, e];

  a = words[state + lane] as number;
  b = words[state + LANES + lane] as number;
  c = words[state + 2 * LANES + lane] as number;
  d = words[state + 3 * LANES + lane] as number;
  e = words[state + 4 * LANES + lane] as number;
  for (let step = testStep - 1; step >= 0; step--) {
    const after = a;
    a = b;
    b = (c << 2) | (c >>> 30);
    c = d;
    d = e;
    let round: number;
    if (step >= 60) round = (b ^ c ^ d) + K[3];
    else if (step >= 40) round = majority(b, c, d) + K[2];
    else if (step >= 20) round = (b ^ c ^ d) + K[1];
    else round = (d ^ (b & (c ^ d))) + K[0];
    e = (after - ((a << 5) | (a >>> 27)) - round - (sibling[step] as number)) | 0;
  }
  const chain = LAYOUT.chain / 4 + lane;
  return (
    ((a + endA) | 0) === words[chain] &&
    ((b + endB) | 0) === words[chain + LANES] &&
    ((c + endC) | 0) === words[chain + 2 * LANES] &&
    ((d + endD) | 0) === words[chain + 3 * LANES] &&
    ((e + endE) | 0) === words[chain + 4 * LANES]
  );
}

function majority(b: number, c: number, d: number): number {
  return (b & c) | (d & (b | c));
}
