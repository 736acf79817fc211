/**
 * The little of WebAssembly's binary format that `sha1-kernel.ts` needs: a module with functions, over a memory that it is given.
 * Code is a list of bytes; an expression is the code that leaves its value on the stack.
 *
 * Source: WebAssembly Core Specification 2.0, "Binary Format".
 */
export type Code = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
const END = 0x0b;
const VOID_BLOCK = 0x40;

/** A function of i32s to one i32; its locals are the parameters, i32s and v128s. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  readonly i32Locals: number;
  readonly v128Locals: number;
  readonly body: Code;
}

/** Words that are in the memory from the start. */
export interface WasmData {
  readonly address: number;
  readonly words: readonly number[];
}

/** @returns a module that imports `env.memory` and exports the functions */
export function assembleModule(
  memoryPages: number,
  functions: readonly WasmFunction[],
  data: readonly WasmData[],
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(functions.map(functionType))),
    ...section(2, vector([[...name('env'), ...name('memory'), 0x02, 0x00, ...unsigned(memoryPages)]])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(functions.map((each, index) => [...name(each.name), 0x00, ...unsigned(index)]))),
    ...section(10, vector(functions.map(functionCode))),
    ...section(11, vector(data.map(({ address, words }) => [0, ...i32Const(address), END, ...bytesOf(words)]))),
  ]);
}

function functionType({ parameters }: WasmFunction): Code {
  return [0x60, ...vector(Array.from({ length: parameters }, () => [I32])), ...vector([[I32]])];
}

function functionCode({ i32Locals, v128Locals, body }: WasmFunction): Code {
  const locals = vector([
    [...unsigned(i32Locals), I32],
    [...unsigned(v128Locals), V128],
  ]);
  const code = [...locals, ...body, END];
  return [...unsigned(code.length), ...code];
}

export const local = (index: number): Code => [0x20, ...unsigned(index)];
export const setLocal = (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)];
export const i32Const = (value: number): Code => [0x41, ...signed(value)];
export const i32Add = (left: Code, right: Code): Code => [...left, ...right, 0x6a];
export const i32LessUnsigned = (left: Code, right: Code): Code => [...left, ...right, 0x49];
export const i32And = (left: Code, right: Code): Code => [...left, ...right, 0x71];
export const i32Or = (left: Code, right: Code): Code => [...left, ...right, 0x72];
export const i32Xor = (left: Code, right: Code): Code => [...left, ...right, 0x73];
export const i32Rotate = (value: Code, bits: number): Code => [...value, ...i32Const(bits), 0x77];
export const i32Load = (address: Code, offset = 0): Code => [...address, 0x28, 2, ...unsigned(offset)];
export const i32Store = (address: Code, value: Code, offset = 0): Code => [
  ...address,
  ...value,
  ...[0x36, 2],
  ...unsigned(offset),
];
export const loop = (body: Code): Code => [0x03, VOID_BLOCK, ...body, END];
export const when = (condition: Code, body: Code): Code => [...condition, 0x04, VOID_BLOCK, ...body, END];
export const repeatIf = (condition: Code): Code => [...condition, 0x0d, 0];
export const giveBack = (value: Code): Code => [...value, 0x0f];

/** Loads and stores at an address that is known, or `address` plus an offset that is. */
export const load = (address: Code, offset = 0): Code => [...address, ...simd(0x00), 0, ...unsigned(offset)];
export const store = (address: Code, value: Code): Code => [...address, ...value, ...simd(0x0b), 0, 0];
export const splat = (word: number): Code => [...i32Const(word | 0), ...simd(0x11)];
export const not = (value: Code): Code => [...value, ...simd(0x4d)];
export const and = (left: Code, right: Code): Code => [...left, ...right, ...simd(0x4e)];
export const andNot = (left: Code, right: Code): Code => [...left, ...right, ...simd(0x4f)];
export const or = (left: Code, right: Code): Code => [...left, ...right, ...simd(0x50)];
export const xor = (left: Code, right: Code): Code => [...left, ...right, ...simd(0x51)];
export const equal = (left: Code, right: Code): Code => [...left, ...right, ...simd(0x37)];
/** The highest bit of each lane, as a number. */
export const bitmask = (value: Code): Code => [...value, ...simd(0xa4)];
export const anyTrue = (value: Code): Code => [...value, ...simd(0x53)];
export const shiftLeft = (value: Code, bits: number): Code => [...value, ...i32Const(bits), ...simd(0xab)];
export const shiftRightSigned = (value: Code, bits: number): Code => [...value, ...i32Const(bits), ...simd(0xac)];
export const shiftRight = (value: Code, bits: number): Code => [...value, ...i32Const(bits), ...simd(0xad)];
export const add = (left: Code, right: Code): Code => [...left, ...right, ...simd(0xae)];
export const subtract = (left: Code, right: Code): Code => [...left, ...right, ...simd(0xb1)];
export const rotate = (value: Code, bits: number): Code => or(shiftLeft(value, bits), shiftRight(value, 32 - bits));
/** @param bytes of the 32 that both operands have, which sixteen to take */
export const shuffle = (left: Code, right: Code, bytes: Code): Code => [...left, ...right, ...simd(0x0d), ...bytes];

function simd(opcode: number): Code {
  return [0xfd, ...unsigned(opcode)];
}

/** Their bytes, the lowest first, as a vector. */
function bytesOf(words: readonly number[]): Code {
  return vector(words.flatMap((word) => [0, 8, 16, 24].map((shift) => [(word >>> shift) & 0xff])));
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function name(text: string): Code {
  return vector([...Buffer.from(text)].map((byte) => [byte]));
}

/** LEB128. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  while (rest < -0x40 || rest >= 0x40) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return [...bytes, rest & 0x7f];
}
