/**
 * SHA-1 of four messages side by side, one in each lane of a SIMD word, with sha1dc's filter: for every block, which disturbance
 * vectors its bits allow. It stops at a block that a vector allows, for `collision-check.ts` to look at it.
 *
 * The WebAssembly is put together here when the module is loaded: the rounds and the conditions are loops over data, unrolled.
 * FIPS 180-4, 6.1.2.
 */
import { BIT_CONDITIONS } from './bit-conditions.ts';
import * as wasm from './wasm-assembler.ts';

export const LANES = 4;
export const BLOCK_BYTES = 64;
const VECTOR_BYTES = 16;
const STEPS = 80;

/** Where things lie in the memory. Words of the four lanes lie side by side: word n of lane l at `base + n * 16 + l * 4`. */
export const LAYOUT = {
  /** Of each lane: the address of its next block. The kernel moves them on. */
  pointers: 0,
  /** The set of vectors that the block allows. */
  mask: 1 * VECTOR_BYTES,
  /** The chaining values, five words. */
  chain: 2 * VECTOR_BYTES,
  /** The five words of the state before these steps. */
  stateBefore58: 7 * VECTOR_BYTES,
  stateBefore65: 12 * VECTOR_BYTES,
  /** The expanded message, eighty words. */
  message: 17 * VECTOR_BYTES,
  arena: 2048,
} as const;

const BLOCKS = 0;
const DONE = 1;
const POINTER = 2;
const FIRST_VECTOR = POINTER + LANES;
/** Locals of the state, which take turns as a, b, c, d and e. */
const STATE = FIRST_VECTOR;
const SCRATCH = STATE + 5;
const VIOLATED = SCRATCH + 8;
const SIGNS = VIOLATED + 1;

const ROUND_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

const at = (address: number) => wasm.i32Const(address);
const messageWord = (step: number) => wasm.load(at(LAYOUT.message + step * VECTOR_BYTES));
const setMessageWord = (step: number, value: wasm.Code) => wasm.store(at(LAYOUT.message + step * VECTOR_BYTES), value);

/** @returns a module whose `run(blocks)` hashes that many blocks of each lane, fewer when one is suspect; returns how many */
export function assembleKernel(memoryPages: number): Uint8Array<ArrayBuffer> {
  const conditions = checkConditions();
  const body = [
    ...eachLane((lane) => wasm.setLocal(POINTER + lane, wasm.i32Load(LAYOUT.pointers + lane * 4))),
    ...wasm.loop([
      ...loadBlocks(),
      ...expandMessage(),
      ...compress(),
      ...conditions.code,
      ...wasm.setLocal(DONE, wasm.i32Add(wasm.local(DONE), at(1))),
      ...eachLane((lane) => wasm.setLocal(POINTER + lane, wasm.i32Add(wasm.local(POINTER + lane), at(BLOCK_BYTES)))),
      ...wasm.when(wasm.anyTrue(wasm.local(VIOLATED)), [...savePointers(), ...wasm.giveBack(wasm.local(DONE))]),
      ...wasm.repeatIf(wasm.i32LessUnsigned(wasm.local(DONE), wasm.local(BLOCKS))),
    ]),
    ...savePointers(),
    ...wasm.local(DONE),
  ];
  return wasm.assembleModule(memoryPages, FIRST_VECTOR - 1, SIGNS - FIRST_VECTOR + conditions.signs, body);
}

function eachLane(code: (lane: number) => wasm.Code): wasm.Code {
  return [0, 1, 2, 3].flatMap(code);
}

function savePointers(): wasm.Code {
  return eachLane((lane) => [...at(LAYOUT.pointers + lane * 4), ...wasm.local(POINTER + lane), 0x36, 2, 0]);
}

const SWAP_BYTES = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
const LOW_WORDS = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const HIGH_WORDS = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];
const LOW_PAIRS = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const HIGH_PAIRS = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

/** Reads four words of each lane at a time and turns lanes into columns. */
function loadBlocks(): wasm.Code {
  const row = (lane: number) => wasm.local(SCRATCH + lane);
  const pair = (index: number) => wasm.local(SCRATCH + LANES + index);
  return [0, 4, 8, 12].flatMap((word) => [
    ...eachLane((lane) => {
      const bytes = wasm.load(wasm.local(POINTER + lane), word * 4);
      return wasm.setLocal(SCRATCH + lane, wasm.shuffle(bytes, bytes, SWAP_BYTES));
    }),
    ...wasm.setLocal(SCRATCH + 4, wasm.shuffle(row(0), row(1), LOW_WORDS)),
    ...wasm.setLocal(SCRATCH + 5, wasm.shuffle(row(2), row(3), LOW_WORDS)),
    ...wasm.setLocal(SCRATCH + 6, wasm.shuffle(row(0), row(1), HIGH_WORDS)),
    ...wasm.setLocal(SCRATCH + 7, wasm.shuffle(row(2), row(3), HIGH_WORDS)),
    ...setMessageWord(word, wasm.shuffle(pair(0), pair(1), LOW_PAIRS)),
    ...setMessageWord(word + 1, wasm.shuffle(pair(0), pair(1), HIGH_PAIRS)),
    ...setMessageWord(word + 2, wasm.shuffle(pair(2), pair(3), LOW_PAIRS)),
    ...setMessageWord(word + 3, wasm.shuffle(pair(2), pair(3), HIGH_PAIRS)),
  ]);
}

function expandMessage(): wasm.Code {
  const code: number[] = [];
  for (let step = 16; step < STEPS; step++) {
    const mixed = [3, 8, 14, 16].map((back) => messageWord(step - back)).reduce(wasm.xor);
    code.push(...wasm.setLocal(SCRATCH, mixed), ...setMessageWord(step, wasm.rotate(wasm.local(SCRATCH), 1)));
  }
  return code;
}

function compress(): wasm.Code {
  const code: number[] = [];
  for (let word = 0; word < 5; word++) {
    code.push(...wasm.setLocal(STATE + word, wasm.load(at(LAYOUT.chain + word * VECTOR_BYTES))));
  }
  for (let step = 0; step < STEPS; step++) {
    if (step === 58) code.push(...saveState(LAYOUT.stateBefore58, step));
    if (step === 65) code.push(...saveState(LAYOUT.stateBefore65, step));
    const [a, b, c, d, e] = stateAt(step).map((index) => wasm.local(index)) as [
      wasm.Code,
      wasm.Code,
      wasm.Code,
      wasm.Code,
      wasm.Code,
    ];
    const constant = wasm.splat(ROUND_CONSTANTS[Math.floor(step / 20)] as number);
    const scheduled = wasm.add(wasm.add(e, constant), messageWord(step));
    const next = wasm.add(wasm.add(scheduled, mix(step, b, c, d)), wasm.rotate(a, 5));
    code.push(...wasm.setLocal(stateAt(step)[4] as number, next));
    code.push(...wasm.setLocal(stateAt(step)[1] as number, wasm.rotate(b, 30)));
  }
  for (let word = 0; word < 5; word++) {
    const address = at(LAYOUT.chain + word * VECTOR_BYTES);
    code.push(...wasm.store(address, wasm.add(wasm.load(address), wasm.local(STATE + word))));
  }
  return code;
}

/** The locals of a, b, c, d and e before a step: what was e becomes a, all others stay where they are. */
function stateAt(step: number): number[] {
  return [0, 1, 2, 3, 4].map((word) => STATE + ((word + 5 * STEPS - step) % 5));
}

function saveState(address: number, step: number): wasm.Code {
  return stateAt(step).flatMap((index, word) => wasm.store(at(address + word * VECTOR_BYTES), wasm.local(index)));
}

function mix(step: number, b: wasm.Code, c: wasm.Code, d: wasm.Code): wasm.Code {
  if (step < 20) return wasm.xor(d, wasm.and(b, wasm.xor(c, d)));
  if (step >= 40 && step < 60) return wasm.or(wasm.and(b, c), wasm.and(d, wasm.or(b, c)));
  return wasm.xor(wasm.xor(b, c), d);
}

/** Leaves in VIOLATED the vectors that no condition rules out, and stores them. */
function checkConditions(): { code: wasm.Code; signs: number } {
  const code: number[] = [];
  const signs = new Map<string, number>();
  /** The word shifted so that a bit of it is the sign; computed once for all conditions. */
  const signOf = (word: number, bit: number): wasm.Code => {
    const key = `${word}.${bit}`;
    const known = signs.get(key);
    if (known !== undefined) return wasm.local(known);
    const index = SIGNS + signs.size;
    signs.set(key, index);
    code.push(...wasm.setLocal(index, wasm.shiftLeft(messageWord(word), 31 - bit)));
    return wasm.local(index);
  };
  code.push(...wasm.setLocal(VIOLATED, wasm.splat(0)));
  for (const [word, bit, otherWord, otherBit, expected, vectors] of BIT_CONDITIONS) {
    const differ = wasm.shiftRightSigned(wasm.xor(signOf(word, bit), signOf(otherWord, otherBit)), 31);
    const violated = expected === 0 ? wasm.and(wasm.splat(vectors), differ) : wasm.andNot(wasm.splat(vectors), differ);
    code.push(...wasm.setLocal(VIOLATED, wasm.or(wasm.local(VIOLATED), violated)));
  }
  code.push(...wasm.setLocal(VIOLATED, wasm.not(wasm.local(VIOLATED))));
  code.push(...wasm.store(at(LAYOUT.mask), wasm.local(VIOLATED)));
  return { code, signs: signs.size };
}
