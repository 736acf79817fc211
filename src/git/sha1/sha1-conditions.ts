/** Code that finds out which disturbance vectors the expanded messages in memory allow: sha1dc's filter, in four lanes at once. */
import { BIT_CONDITIONS, type BitCondition } from './bit-conditions.ts';
import { DISTURBANCE_VECTORS } from './disturbance-vectors.ts';
import * as wasm from './wasm-assembler.ts';

/** After so many conditions no vector is left for four blocks in two cases of three, and the others need not be looked at. */
const FIRST_CONDITIONS = 88;

export interface ConditionCode {
  readonly code: wasm.Code;
  /** Locals that it uses, from `firstLocal` on. */
  readonly locals: number;
}

/**
 * Leaves in the local `violated` the vectors that some condition rules out, bit by bit.
 *
 * @param messageWord code that loads a word of the expanded message
 * @param constant code that has a word in all lanes
 */
export function conditionCode(
  violated: number,
  firstLocal: number,
  messageWord: (step: number) => wasm.Code,
  constant: (word: number) => wasm.Code,
): ConditionCode {
  const signs = new Map<string, number>();
  /** The word shifted so that a bit of it is the sign; computed once for all conditions. */
  const signOf = (word: number, bit: number, code: number[]): wasm.Code => {
    const key = `${word}.${bit}`;
    const known = signs.get(key);
    if (known !== undefined) return wasm.local(known);
    const index = firstLocal + signs.size;
    signs.set(key, index);
    code.push(...wasm.setLocal(index, wasm.shiftLeft(messageWord(word), 31 - bit)));
    return wasm.local(index);
  };
  const stage = (conditions: readonly BitCondition[]): wasm.Code => {
    const code: number[] = [];
    for (const { expected, vectors, pairs } of groupConditions(conditions)) {
      const differences = pairs.map(([word, bit, otherWord, otherBit]) =>
        wasm.xor(signOf(word, bit, code), signOf(otherWord, otherBit, code)),
      );
      // One that has to be equal and is not, or one that has to differ and does not, is enough.
      const combined = differences.reduce(expected === 0 ? wasm.or : wasm.and);
      const isSign = wasm.shiftRightSigned(combined, 31);
      const ruledOut = expected === 0 ? wasm.and(isSign, constant(vectors)) : wasm.andNot(constant(vectors), isSign);
      code.push(...wasm.setLocal(violated, wasm.or(wasm.local(violated), ruledOut)));
    }
    return code;
  };
  const ordered = mostTellingFirst(BIT_CONDITIONS);
  const first = stage(ordered.slice(0, FIRST_CONDITIONS));
  const others = stage(ordered.slice(FIRST_CONDITIONS));
  const code = [
    ...wasm.setLocal(violated, wasm.splat(0)),
    ...first,
    ...wasm.when(wasm.anyTrue(wasm.not(wasm.local(violated))), others),
  ];
  return { code, locals: signs.size };
}

interface ConditionGroup {
  readonly expected: number;
  readonly vectors: number;
  readonly pairs: (readonly [word: number, bit: number, otherWord: number, otherBit: number])[];
}

/** Those about the same vectors together: one mask serves them all. */
function groupConditions(conditions: readonly BitCondition[]): ConditionGroup[] {
  const groups = new Map<string, ConditionGroup>();
  for (const [word, bit, otherWord, otherBit, expected, vectors] of conditions) {
    const key = `${expected}.${vectors}`;
    const group = groups.get(key) ?? { expected, vectors, pairs: [] };
    group.pairs.push([word, bit, otherWord, otherBit]);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Each next one is that which rules out most of what those before it let through, when bits are random. */
function mostTellingFirst(conditions: readonly BitCondition[]): BitCondition[] {
  const surviving = DISTURBANCE_VECTORS.map(() => 1);
  const left = new Set(conditions);
  const ordered: BitCondition[] = [];
  const gain = ([, , , , , vectors]: BitCondition) =>
    surviving.reduce((sum, share, vector) => sum + ((vectors >>> vector) & 1) * share, 0);
  while (left.size > 0) {
    const best = [...left].reduce((one, other) => (gain(other) > gain(one) ? other : one));
    left.delete(best);
    ordered.push(best);
    const vectors = best[5];
    for (const vector of surviving.keys())
      if ((vectors >>> vector) & 1) surviving[vector] = (surviving[vector] ?? 0) / 2;
  }
  return ordered;
}
