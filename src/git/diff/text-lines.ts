/** A text as lines over its bytes: what diffs compare and patches print. */

const LF = 0x0a;
/** git looks for a NUL in so many bytes to tell binary from text — gitattributes(5), "Marking files as binary". */
export const BINARY_PROBE_BYTES = 8000;

export function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, BINARY_PROBE_BYTES).includes(0);
}

export class TextLines {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Where each line begins; one more for the end of the text. */
  readonly #offsets: Int32Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#offsets = lineOffsets(bytes);
    this.count = this.#offsets.length - 1;
  }

  startOf(line: number): number {
    return this.#offsets[line] as number;
  }

  endOf(line: number): number {
    return this.#offsets[line + 1] as number;
  }

  /** With its LF, which the last line may lack. A view. */
  bytesOf(line: number): Uint8Array {
    return this.bytes.subarray(this.startOf(line), this.endOf(line));
  }

  endsInNewline(line: number): boolean {
    return this.bytes[this.endOf(line) - 1] === LF;
  }
}

function lineOffsets(bytes: Uint8Array): Int32Array {
  let count = 0;
  for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, end + 1)) count++;
  const hasOpenEnd = bytes.length > 0 && bytes.at(-1) !== LF;
  const offsets = new Int32Array(count + (hasOpenEnd ? 2 : 1));
  let line = 0;
  for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, end + 1)) offsets[++line] = end + 1;
  offsets[offsets.length - 1] = bytes.length;
  return offsets;
}

/** Equal lines get equal numbers, from 0 in order of appearance. */
export interface InternedLines {
  readonly oldIds: Int32Array;
  readonly newIds: Int32Array;
  readonly idCount: number;
}

export function internLines(oldText: TextLines, newText: TextLines): InternedLines {
  const ids = new Map<string, number>();
  const oldIds = idsOf(oldText, ids);
  const newIds = idsOf(newText, ids);
  return { oldIds, newIds, idCount: ids.size };
}

function idsOf(text: TextLines, ids: Map<string, number>): Int32Array {
  const result = new Int32Array(text.count);
  const buffer = Buffer.from(text.bytes.buffer, text.bytes.byteOffset, text.bytes.byteLength);
  for (let line = 0; line < text.count; line++) {
    const content = buffer.toString('latin1', text.startOf(line), text.endOf(line));
    const id = ids.get(content) ?? ids.size;
    if (id === ids.size) ids.set(content, id);
    result[line] = id;
  }
  return result;
}
