/** Where things lie in the memory that the kernels share with JavaScript. */
import { DISTURBANCE_VECTORS } from './disturbance-vectors.ts';

export const LANES = 4;
export const BLOCK_BYTES = 64;
export const VECTOR_BYTES = 16;
export const STEPS = 80;
export const CHAIN_WORDS = 5;

const vectors = (count: number) => count * VECTOR_BYTES;
/** An expanded message, the state that a vector starts from, and the chaining value that came out. */
const SIBLING_VECTORS = STEPS + 2 * CHAIN_WORDS;

const CONSTANTS_MAX = 128;

/** Words of the four lanes lie side by side: word n of lane l at `base + n * 16 + l * 4`. */
export const LAYOUT = {
  /** Of each lane: the address of its next block. The kernels move them on. */
  pointers: 0,
  /** The set of vectors that the block allows. */
  mask: vectors(1),
  /** The chaining values, five words. */
  chain: vectors(2),
  /** The five words of the state before these steps. */
  stateBefore58: vectors(7),
  stateBefore65: vectors(12),
  /** The expanded message, eighty words. */
  message: vectors(17),
  /** Of the siblings that wait: `SIBLING` says what is where. */
  siblings58: vectors(97),
  siblings65: vectors(97 + SIBLING_VECTORS),
  /** Words that all lanes have alike. */
  constants: vectors(97 + 2 * SIBLING_VECTORS),
  /** For each disturbance vector, the eighty words that tell siblings apart. */
  differences: vectors(97 + 2 * SIBLING_VECTORS + CONSTANTS_MAX),
  arena: vectors(97 + 2 * SIBLING_VECTORS + CONSTANTS_MAX) + DISTURBANCE_VECTORS.length * STEPS * 4,
} as const;

/** Within `siblings58` and `siblings65`, one sibling a lane. */
export const SIBLING = { message: 0, state: vectors(STEPS), chain: vectors(STEPS + CHAIN_WORDS) } as const;
