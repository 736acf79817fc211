import { expect, it } from 'vitest';
import { DISTURBANCE_VECTORS, messageDifference, rotateLeft } from './disturbance-vectors.ts';
import { assembleKernel, type Sha1Kernel } from './sha1-kernel.ts';
import { CHAIN_WORDS, LANES, LAYOUT, STEPS } from './sha1-layout.ts';

const memory = new WebAssembly.Memory({ initial: 1 });
const kernel = new WebAssembly.Instance(new WebAssembly.Module(assembleKernel(1)), { env: { memory } })
  .exports as unknown as Sha1Kernel;
const words = new Int32Array(memory.buffer);
const K = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

type State = [a: number, b: number, c: number, d: number, e: number];

function termOf(step: number, [, b, c, d]: State): number {
  const choice = (b & c) | (~b & d);
  const majority = (b & c) | (b & d) | (c & d);
  const phase = Math.floor(step / 20);
  return ([choice, b ^ c ^ d, majority, b ^ c ^ d][phase] ?? 0) + (K[phase] ?? 0);
}

/** The chaining value that a message comes to which is in this state before the step, told from the definition of SHA-1. */
function outcome(message: ArrayLike<number>, testStep: number, start: State): State {
  let state: State = [...start];
  for (let step = testStep; step < STEPS; step++) {
    const [a, b, c, d, e] = state;
    state = [(rotateLeft(a, 5) + termOf(step, state) + e + (message[step] ?? 0)) | 0, a, rotateLeft(b, 30), c, d];
  }
  const end = state;
  state = [...start];
  for (let step = testStep - 1; step >= 0; step--) {
    const [after, a, turned, c, d] = state;
    state = [a, rotateLeft(turned, 2), c, d, 0];
    state[4] = (after - rotateLeft(a, 5) - termOf(step, state) - (message[step] ?? 0)) | 0;
  }
  return state.map((word, index) => (word + (end[index] ?? 0)) | 0) as State;
}

it.each([58, 65] as const)('compares siblings from step %d on, each lane by itself', (testStep) => {
  const siblings = testStep === 58 ? LAYOUT.siblings58 : LAYOUT.siblings65;
  const state = testStep === 58 ? LAYOUT.stateBefore58 : LAYOUT.stateBefore65;
  const vector = DISTURBANCE_VECTORS.findIndex((each) => each.testStep === testStep);
  const difference = messageDifference(DISTURBANCE_VECTORS[vector] as (typeof DISTURBANCE_VECTORS)[number]);
  for (let wrong = -1; wrong < LANES * CHAIN_WORDS; wrong++) {
    for (let lane = 0; lane < LANES; lane++) {
      const word = (address: number, index: number) => address / 4 + index * LANES + lane;
      const message = Array.from(
        { length: STEPS },
        (_, step) => (noise(step + 100 * lane) ^ (difference[step] ?? 0)) | 0,
      );
      const start = Array.from({ length: CHAIN_WORDS }, (_, index) => noise(index + 1_000 * lane)) as State;
      for (let step = 0; step < STEPS; step++) words[word(LAYOUT.message, step)] = noise(step + 100 * lane);
      for (const [index, value] of start.entries()) words[word(state, index)] = value;
      for (const [index, value] of outcome(message, testStep, start).entries()) {
        const isWrong = wrong === lane * CHAIN_WORDS + index;
        words[word(LAYOUT.chain, index)] = isWrong ? value ^ (1 << wrong) : value;
      }
      kernel.takeSibling(lane * 4, state + lane * 4, LAYOUT.differences + vector * STEPS * 4, siblings + lane * 4);
    }
    const colliding = testStep === 58 ? kernel.compare58(0) : kernel.compare65(0);
    expect(colliding).toBe(wrong < 0 ? 0b1111 : 0b1111 & ~(1 << Math.floor(wrong / CHAIN_WORDS)));
  }
});

/** The same for the same seed. */
function noise(seed: number): number {
  return Math.imul(Math.imul(seed + 1, 0x9e3779b1) ^ 0x2545f491, 0x85ebca6b) | 0;
}
