/**
 * The little of WebAssembly's binary format that `sha1-kernel.ts` needs: a module with one function, over a memory that it is given.
 * Code is a list of bytes; an expression is the code that leaves its value on the stack.
 *
 * Source: WebAssembly Core Specification 2.0, "Binary Format".
 */
export type Code = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
const END = 0x0b;
const VOID_BLOCK = 0x40;

/** @returns a module that imports `env.memory` and exports `run`, of one i32 to one i32; its locals: the parameter, i32s, v128s */
export function assembleModule(
  memoryPages: number,
  i32Locals: number,
  v128Locals: number,
  body: Code,
): Uint8Array<ArrayBuffer> {
  const locals = [
    ...vector([
      [...unsigned(i32Locals), I32],
      [...unsigned(v128Locals), V128],
    ]),
  ];
  const code = [...locals, ...body, END];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, ...vector([[I32]]), ...vector([[I32]])]])),
    ...section(2, vector([[...name('env'), ...name('memory'), 0x02, 0x00, ...unsigned(memoryPages)]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name('run'), 0x00, 0]])),
    ...section(10, vector([[...unsigned(code.length), ...code]])),
  ]);
}

export const local = (index: number): Code => [0x20, ...unsigned(index)];
export const setLocal = (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)];
export const i32Const = (value: number): Code => [0x41, ...signed(value)];
export const i32Add = (left: Code, right: Code): Code => [...left, ...right, 0x6a];
export const i32LessUnsigned = (left: Code, right: Code): Code => [...left, ...right, 0x49];
export const i32Load = (address: number): Code => [...i32Const(address), 0x28, 2, 0];
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
export const anyTrue = (value: Code): Code => [...value, ...simd(0x53)];
export const shiftLeft = (value: Code, bits: number): Code => [...value, ...i32Const(bits), ...simd(0xab)];
export const shiftRightSigned = (value: Code, bits: number): Code => [...value, ...i32Const(bits), ...simd(0xac)];
export const shiftRight = (value: Code, bits: number): Code => [...value, ...i32Const(bits), ...simd(0xad)];
export const add = (left: Code, right: Code): Code => [...left, ...right, ...simd(0xae)];
export const rotate = (value: Code, bits: number): Code => or(shiftLeft(value, bits), shiftRight(value, 32 - bits));
/** @param bytes of the 32 that both operands have, which sixteen to take */
export const shuffle = (left: Code, right: Code, bytes: Code): Code => [...left, ...right, ...simd(0x0d), ...bytes];

function simd(opcode: number): Code {
  return [0xfd, ...unsigned(opcode)];
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
