/**
 * The disturbance vectors that every known or foreseeable collision attack on SHA-1 follows, as sha1dc lists them (git's
 * sha1dc/ubc_check.c, MIT, see LICENSE-sha1dc.txt). Which vectors a block may belong to is in `bit-conditions.ts`.
 */

/** I(K,b) or II(K,b) of Manuel, "Classification and generation of disturbance vectors for collision attacks against SHA-1". */
export interface DisturbanceVector {
  readonly type: 1 | 2;
  readonly k: number;
  readonly b: number;
  /** The step from which the sibling message is computed in both directions: differences of the states vanish there. */
  readonly testStep: 58 | 65;
}

/** In the order of the bits of a mask: vector n has bit 1 << n. */
export const DISTURBANCE_VECTORS: readonly DisturbanceVector[] = [
  ...type(1, 58, '43,0 44,0 45,0 46,0 46,2 47,0 47,2 48,0 48,2 49,0 49,2'),
  ...type(1, 65, '50,0 50,2 51,0 51,2 52,0'),
  ...type(2, 58, '45,0 46,0 46,2 47,0 48,0 49,0 49,2'),
  ...type(2, 65, '50,0 50,2 51,0 51,2 52,0 53,0 54,0 55,0 56,0'),
];

const STEPS = 80;
/** A local collision reaches five steps beyond the one that disturbs. */
const REACH = 5;

/**
 * What tells the expanded messages of the two siblings apart, word by word (XOR): each disturbance at step t, and the five
 * corrections that cancel it.
 */
export function messageDifference(vector: DisturbanceVector): Uint32Array {
  const disturbance = (step: number) => disturbances[step + REACH] as number;
  const disturbances = disturbancesOf(vector);
  return Uint32Array.from(
    { length: STEPS },
    (_, step) =>
      disturbance(step) ^
      rotateLeft(disturbance(step - 1), 5) ^
      disturbance(step - 2) ^
      rotateLeft(disturbance(step - 3) ^ disturbance(step - 4) ^ disturbance(step - 5), 30),
  );
}

/** The vector itself, from step -5 on: sixteen words are given, SHA-1's message expansion yields the others in both directions. */
function disturbancesOf({ type, k, b }: DisturbanceVector): Uint32Array {
  const words = new Uint32Array(REACH + STEPS);
  const first = k + REACH;
  words[first + 15] = rotateLeft(1, b);
  if (type === 2) words[first + 1] = words[first + 3] = rotateLeft(1, b + 31);
  const at = (index: number) => words[index] as number;
  for (let t = first + 16; t < words.length; t++)
    words[t] = rotateLeft(at(t - 3) ^ at(t - 8) ^ at(t - 14) ^ at(t - 16), 1);
  for (let t = first - 1; t >= 0; t--) words[t] = rotateLeft(at(t + 16), 31) ^ at(t + 13) ^ at(t + 8) ^ at(t + 2);
  return words;
}

function type(typeNumber: 1 | 2, testStep: 58 | 65, list: string): DisturbanceVector[] {
  return list.split(' ').map((item) => {
    const [k, b] = item.split(',').map(Number) as [number, number];
    return { type: typeNumber, k, b, testStep };
  });
}

export function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
