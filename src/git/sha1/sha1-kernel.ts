/**
 * SHA-1 with sha1dc's filter, as WebAssembly over a memory of `sha1-layout.ts`:
 *
 * - `hashFour` hashes four messages side by side, one in each lane of a SIMD word;
 * - `hashOne` hashes one message, four blocks at a time: what depends on the blocks alone, their expansion and the filter, is done
 *   side by side, the compression one after the other;
 * - `takeSibling`, `compare58` and `compare65` recompute four siblings side by side, for `collision-check.ts`.
 *
 * Both hashing functions note for every block which disturbance vectors its bits allow, and stop at blocks that allow any.
 *
 * The WebAssembly is put together here: the rounds and the conditions are loops over data, unrolled. FIPS 180-4, 6.1.2.
 */
import { DISTURBANCE_VECTORS, messageDifference } from './disturbance-vectors.ts';
import { conditionCode } from './sha1-conditions.ts';
import { BLOCK_BYTES, CHAIN_WORDS, LANES, LAYOUT, SIBLING, STEPS, VECTOR_BYTES } from './sha1-layout.ts';
import * as wasm from './wasm-assembler.ts';

export interface Sha1Kernel {
  /** Hashes that many blocks of each lane, fewer when one is suspect; returns how many. */
  hashFour(blocks: number): number;
  /**
   * Hashes that many times four blocks of one message, fewer when one is suspect; returns how many times. The message is at the first
   * pointer, the chaining value in the last lane; block n of the last four is in lane n.
   */
  hashOne(blockGroups: number): number;
  /**
   * Puts the sibling of a block where the functions below look for it, with the state it starts from and the chaining value that came out.
   *
   * @param laneOffset of the block: four times its lane
   * @param stateAddress of the state before the vector's test step
   * @param differenceAddress of what tells the siblings apart
   * @param siblingAddress `siblings58` or `siblings65`, and four times the lane that the sibling gets there
   */
  takeSibling(laneOffset: number, stateAddress: number, differenceAddress: number, siblingAddress: number): number;
  /** Return the lanes whose siblings end like their blocks, as bits. */
  compare58(unused: 0): number;
  compare65(unused: 0): number;
}

/** The parameter: how often to go round. */
const TIMES = 0;
const DONE = 1;
const POINTER = 2;
/** The state of one message, and its chaining value. */
const WORD_STATE = POINTER + LANES;
const WORD_CHAIN = WORD_STATE + CHAIN_WORDS;
/** Four times the lane that is compressed. */
const LANE_OFFSET = WORD_CHAIN + CHAIN_WORDS;
const FIRST_VECTOR = LANE_OFFSET + 1;
/** Locals of the state, which take turns as a, b, c, d and e. */
const STATE = FIRST_VECTOR;
const SCRATCH = STATE + CHAIN_WORDS;
const VIOLATED = SCRATCH + 8;
const SIGNS = VIOLATED + 1;

const ROUND_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];
const LAST_LANE_OFFSET = 4 * (LANES - 1);

const at = (address: number) => wasm.i32Const(address);
/** Of a block before its expansion. */
const BLOCK_WORDS = 16;
const messageWord = (step: number) => wasm.load(at(LAYOUT.message + step * VECTOR_BYTES));
const setMessageWord = (step: number, value: wasm.Code) => wasm.store(at(LAYOUT.message + step * VECTOR_BYTES), value);

type Five = [wasm.Code, wasm.Code, wasm.Code, wasm.Code, wasm.Code];

/** @returns a module with the functions of `Sha1Kernel` */
export function assembleKernel(memoryPages: number): Uint8Array<ArrayBuffer> {
  const constants = new Constants();
  const conditions = conditionCode(VIOLATED, SIGNS, messageWord, (word) => constants.load(word));
  const locals = { parameters: 1, i32Locals: FIRST_VECTOR - 1, v128Locals: SIGNS - FIRST_VECTOR + conditions.locals };
  const filter = [
    ...conditions.code,
    ...wasm.setLocal(VIOLATED, wasm.not(wasm.local(VIOLATED))),
    ...wasm.store(at(LAYOUT.mask), wasm.local(VIOLATED)),
  ];
  const functions = [
    { name: 'hashFour', ...locals, body: hashFour(filter, constants) },
    { name: 'hashOne', ...locals, body: hashOne(filter) },
    { name: 'takeSibling', parameters: 4, i32Locals: 0, v128Locals: 0, body: takeSibling() },
    { name: 'compare58', ...locals, body: compareSiblings(58, LAYOUT.siblings58, constants) },
    { name: 'compare65', ...locals, body: compareSiblings(65, LAYOUT.siblings65, constants) },
  ];
  return wasm.assembleModule(memoryPages, functions, [
    { address: LAYOUT.constants, words: constants.words() },
    { address: LAYOUT.differences, words: DISTURBANCE_VECTORS.flatMap((vector) => [...messageDifference(vector)]) },
  ]);
}

/** Words in all lanes: a load from memory is cheaper than to spread one out each time. */
class Constants {
  readonly #words: number[] = [];

  load(word: number): wasm.Code {
    const known = this.#words.indexOf(word);
    const index = known < 0 ? this.#words.push(word) - 1 : known;
    const address = LAYOUT.constants + index * VECTOR_BYTES;
    if (address >= LAYOUT.differences) throw new RangeError(`SHA-1 kernel: no room for ${index + 1} constants`);
    return wasm.load(at(address));
  }

  words(): number[] {
    return this.#words.flatMap((word) => Array.from({ length: LANES }, () => word));
  }
}

function hashFour(filter: wasm.Code, constants: Constants): wasm.Code {
  return [
    ...eachLane((lane) => wasm.setLocal(POINTER + lane, wasm.i32Load(at(LAYOUT.pointers + lane * 4)))),
    ...wasm.loop([...loadBlocks(), ...expandMessage(), ...compressFour(constants), ...filter, ...advance(BLOCK_BYTES)]),
    ...savePointers(),
    ...wasm.local(DONE),
  ];
}

function hashOne(filter: wasm.Code): wasm.Code {
  return [
    ...wasm.setLocal(POINTER, wasm.i32Load(at(LAYOUT.pointers))),
    ...[1, 2, 3].flatMap((lane) =>
      wasm.setLocal(POINTER + lane, wasm.i32Add(wasm.local(POINTER), at(lane * BLOCK_BYTES))),
    ),
    ...eachWord((word) =>
      wasm.setLocal(WORD_CHAIN + word, wasm.i32Load(at(LAYOUT.chain + word * VECTOR_BYTES + LAST_LANE_OFFSET))),
    ),
    ...wasm.loop([
      ...loadBlocks(),
      ...expandMessage(),
      ...filter,
      ...compressLaneAfterLane(),
      ...advance(LANES * BLOCK_BYTES),
    ]),
    ...savePointers(),
    ...wasm.local(DONE),
  ];
}

/** Goes on to the next blocks and round the loop again, unless one of these was suspect or they were the last. */
function advance(pointerBytes: number): wasm.Code {
  return [
    ...wasm.setLocal(DONE, wasm.i32Add(wasm.local(DONE), at(1))),
    ...eachLane((lane) => wasm.setLocal(POINTER + lane, wasm.i32Add(wasm.local(POINTER + lane), at(pointerBytes)))),
    ...wasm.when(wasm.anyTrue(wasm.local(VIOLATED)), [...savePointers(), ...wasm.giveBack(wasm.local(DONE))]),
    ...wasm.repeatIf(wasm.i32LessUnsigned(wasm.local(DONE), wasm.local(TIMES))),
  ];
}

function takeSibling(): wasm.Code {
  const [lane, state, difference, sibling] = [0, 1, 2, 3].map((index) => wasm.local(index)) as [
    wasm.Code,
    wasm.Code,
    wasm.Code,
    wasm.Code,
  ];
  const code: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const word = wasm.i32Load(lane, LAYOUT.message + step * VECTOR_BYTES);
    const differing = wasm.i32Xor(word, wasm.i32Load(difference, step * 4));
    code.push(...wasm.i32Store(sibling, differing, SIBLING.message + step * VECTOR_BYTES));
  }
  const copies = eachWord((word) => [
    ...wasm.i32Store(sibling, wasm.i32Load(state, word * VECTOR_BYTES), SIBLING.state + word * VECTOR_BYTES),
    ...wasm.i32Store(
      sibling,
      wasm.i32Load(lane, LAYOUT.chain + word * VECTOR_BYTES),
      SIBLING.chain + word * VECTOR_BYTES,
    ),
  ]);
  return [...code, ...copies, ...at(0)];
}

/**
 * From the state before the test step, where both halves agree, on to the chaining value that the sibling ends with, and back to the
 * one that it started from.
 */
function compareSiblings(testStep: number, base: number, constants: Constants): wasm.Code {
  const message = (step: number) => wasm.load(at(base + SIBLING.message + step * VECTOR_BYTES));
  const start = eachWord((word) =>
    wasm.setLocal(stateAt(testStep)[word] as number, wasm.load(at(base + SIBLING.state + word * VECTOR_BYTES))),
  );
  const code: number[] = [...start];
  for (let step = testStep; step < STEPS; step++) code.push(...roundOfFour(step, message(step), constants));
  const END = SCRATCH;
  code.push(...eachWord((word) => wasm.setLocal(END + word, wasm.local(STATE + word))), ...start);
  for (let step = testStep - 1; step >= 0; step--) code.push(...roundBack(step, message(step), constants));
  const differences = [0, 1, 2, 3, 4].map((word) =>
    wasm.xor(
      wasm.add(wasm.local(STATE + word), wasm.local(END + word)),
      wasm.load(at(base + SIBLING.chain + word * VECTOR_BYTES)),
    ),
  );
  return [...code, ...wasm.bitmask(wasm.equal(differences.reduce(wasm.or), wasm.splat(0)))];
}

function eachLane(code: (lane: number) => wasm.Code): wasm.Code {
  return [0, 1, 2, 3].flatMap(code);
}

function eachWord(code: (word: number) => wasm.Code): wasm.Code {
  return [0, 1, 2, 3, 4].flatMap(code);
}

function savePointers(): wasm.Code {
  return eachLane((lane) => wasm.i32Store(at(LAYOUT.pointers + lane * 4), wasm.local(POINTER + lane)));
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
  return Array.from({ length: STEPS - BLOCK_WORDS }, (_, index) => expandWord(BLOCK_WORDS + index)).flat();
}

/** Leaves the word in the local that had the one three before it, too: this one comes next in the chain of words, and soon. */
function expandWord(step: number): wasm.Code {
  const recent = SCRATCH + (step % 3);
  const threeBefore = step - 3 < BLOCK_WORDS ? messageWord(step - 3) : wasm.local(recent);
  const mixed = [8, 14, 16].map((back) => messageWord(step - back)).reduce(wasm.xor, threeBefore);
  const value = wasm.local(recent);
  return [
    ...wasm.setLocal(recent, mixed),
    ...wasm.setLocal(recent, wasm.or(wasm.add(value, value), wasm.shiftRight(value, 31))),
    ...setMessageWord(step, value),
  ];
}

function compressFour(constants: Constants): wasm.Code {
  const code: number[] = [];
  code.push(...eachWord((word) => wasm.setLocal(STATE + word, wasm.load(at(LAYOUT.chain + word * VECTOR_BYTES)))));
  for (let step = 0; step < STEPS; step++) {
    if (step === 58) code.push(...saveState(LAYOUT.stateBefore58, step));
    if (step === 65) code.push(...saveState(LAYOUT.stateBefore65, step));
    code.push(...roundOfFour(step, messageWord(step), constants));
  }
  for (let word = 0; word < CHAIN_WORDS; word++) {
    const address = at(LAYOUT.chain + word * VECTOR_BYTES);
    code.push(...wasm.store(address, wasm.add(wasm.load(address), wasm.local(STATE + word))));
  }
  return code;
}

/** What was e becomes a; b is turned. */
function roundOfFour(step: number, message: wasm.Code, constants: Constants): wasm.Code {
  const [a, b, c, d, e] = stateAt(step).map((index) => wasm.local(index)) as Five;
  const scheduled = wasm.add(wasm.add(e, constants.load(roundConstant(step))), message);
  const next = wasm.add(wasm.add(scheduled, mix(step, b, c, d)), wasm.rotate(a, 5));
  return [
    ...wasm.setLocal(stateAt(step)[4] as number, next),
    ...wasm.setLocal(stateAt(step)[1] as number, wasm.rotate(b, 30)),
  ];
}

/** Undoes `roundOfFour`. */
function roundBack(step: number, message: wasm.Code, constants: Constants): wasm.Code {
  const [a, b, c, d, e] = stateAt(step).map((index) => wasm.local(index)) as Five;
  const scheduled = wasm.subtract(wasm.subtract(e, constants.load(roundConstant(step))), message);
  const before = wasm.subtract(wasm.subtract(scheduled, mix(step, b, c, d)), wasm.rotate(a, 5));
  return [
    ...wasm.setLocal(stateAt(step)[1] as number, wasm.rotate(b, 2)),
    ...wasm.setLocal(stateAt(step)[4] as number, before),
  ];
}

/** One after the other: the chaining value of a lane is what the one before it ended with. */
function compressLaneAfterLane(): wasm.Code {
  const lane = wasm.local(LANE_OFFSET);
  const rounds: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    if (step === 58) rounds.push(...saveStateOfOne(LAYOUT.stateBefore58, step));
    if (step === 65) rounds.push(...saveStateOfOne(LAYOUT.stateBefore65, step));
    rounds.push(...roundOfOne(step, wasm.i32Load(lane, LAYOUT.message + step * VECTOR_BYTES)));
  }
  return [
    ...wasm.setLocal(LANE_OFFSET, at(0)),
    ...wasm.loop([
      ...eachWord((word) => wasm.setLocal(WORD_STATE + word, wasm.local(WORD_CHAIN + word))),
      ...rounds,
      ...eachWord((word) => [
        ...wasm.setLocal(WORD_CHAIN + word, wasm.i32Add(wasm.local(WORD_CHAIN + word), wasm.local(WORD_STATE + word))),
        ...wasm.i32Store(lane, wasm.local(WORD_CHAIN + word), LAYOUT.chain + word * VECTOR_BYTES),
      ]),
      ...wasm.setLocal(LANE_OFFSET, wasm.i32Add(lane, at(4))),
      ...wasm.repeatIf(wasm.i32LessUnsigned(lane, at(4 * LANES))),
    ]),
  ];
}

function roundOfOne(step: number, message: wasm.Code): wasm.Code {
  const [a, b, c, d, e] = stateAt(step, WORD_STATE).map((index) => wasm.local(index)) as Five;
  const scheduled = wasm.i32Add(wasm.i32Add(e, at(roundConstant(step))), message);
  const next = wasm.i32Add(wasm.i32Add(scheduled, mixOne(step, b, c, d)), wasm.i32Rotate(a, 5));
  return [
    ...wasm.setLocal(stateAt(step, WORD_STATE)[4] as number, next),
    ...wasm.setLocal(stateAt(step, WORD_STATE)[1] as number, wasm.i32Rotate(b, 30)),
  ];
}

function roundConstant(step: number): number {
  return (ROUND_CONSTANTS[Math.floor(step / 20)] as number) | 0;
}

/** The locals of a, b, c, d and e before a step: what was e becomes a, all others stay where they are. */
function stateAt(step: number, first = STATE): number[] {
  return [0, 1, 2, 3, 4].map((word) => first + ((word + 5 * STEPS - step) % 5));
}

function saveState(address: number, step: number): wasm.Code {
  return stateAt(step).flatMap((index, word) => wasm.store(at(address + word * VECTOR_BYTES), wasm.local(index)));
}

function saveStateOfOne(address: number, step: number): wasm.Code {
  return stateAt(step, WORD_STATE).flatMap((index, word) =>
    wasm.i32Store(wasm.local(LANE_OFFSET), wasm.local(index), address + word * VECTOR_BYTES),
  );
}

function mix(step: number, b: wasm.Code, c: wasm.Code, d: wasm.Code): wasm.Code {
  if (step < 20) return wasm.xor(d, wasm.and(b, wasm.xor(c, d)));
  if (step >= 40 && step < 60) return wasm.or(wasm.and(b, c), wasm.and(d, wasm.or(b, c)));
  return wasm.xor(wasm.xor(b, c), d);
}

function mixOne(step: number, b: wasm.Code, c: wasm.Code, d: wasm.Code): wasm.Code {
  if (step < 20) return wasm.i32Xor(d, wasm.i32And(b, wasm.i32Xor(c, d)));
  if (step >= 40 && step < 60) return wasm.i32Or(wasm.i32And(b, c), wasm.i32And(d, wasm.i32Or(b, c)));
  return wasm.i32Xor(wasm.i32Xor(b, c), d);
}
