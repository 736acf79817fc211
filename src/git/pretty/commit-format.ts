/**
 * Fills the placeholders of a format in, with paddings, line breaks and the marks that go with empty ones — git-log(1),
 * "PRETTY FORMATS"; `pretty.c`, "repo_format_commit_message". Texts are byte strings.
 */
import { encodeText } from '../object/text-encoding.ts';
import { isUtf8Name } from './commit-message.ts';
import type { CommitPlaceholders } from './commit-placeholders.ts';
import { columnsOfText, replaceColumns, type Wrapping, wrapText } from './text-width.ts';

interface Padding {
  /** Where the spaces go; `steal` takes some of those that stand before. */
  readonly kind: 'behind' | 'before' | 'around' | 'steal';
  readonly columns: number;
  /** The columns are those of the line, not of the text. */
  readonly isToColumn: boolean;
  readonly truncate: 'not' | 'left' | 'middle' | 'right';
}

const NO_WRAPPING: Wrapping = { width: 0, indent1: 0, indent2: 0 };
const FORMATTING_MAX = 16 * 1024;
const TERMINAL_COLUMNS = 80;
const PADDING_KINDS: Readonly<Record<string, Padding['kind']>> = {
  '<': 'behind',
  '>': 'before',
  '><': 'around',
  '>>': 'steal',
};

/**
 * @param before what stands in front of the format: paddings and breaks look back at it, and some change it
 * @returns all of it, with what the format stands for
 */
export function formatCommit(before: string, format: string, placeholders: CommitPlaceholders): Promise<string> {
  return new Formatting(before, placeholders).run(format);
}

class Formatting {
  readonly #placeholders: CommitPlaceholders;
  #output: string;
  #padding: Padding | undefined;
  #wrapping = NO_WRAPPING;
  #wrapStart: number;
  #usesMessage = false;

  constructor(before: string, placeholders: CommitPlaceholders) {
    this.#placeholders = placeholders;
    this.#output = before;
    this.#wrapStart = before.length;
  }

  async run(format: string): Promise<string> {
    let offset = 0;
    for (;;) {
      const percent = format.indexOf('%', offset);
      if (percent < 0) break;
      this.#output += format.slice(offset, percent);
      offset = percent + 1;
      if (format.charAt(offset) === '%') {
        this.#output += '%';
        offset++;
        continue;
      }
      const length = await this.#item(format.slice(offset));
      if (length === 0) this.#output += '%';
      offset += length;
    }
    this.#output += format.slice(offset);
    await this.#wrapTail(NO_WRAPPING, this.#output.length);
    return this.#encoded();
  }

  /** @returns the characters that the placeholder takes; 0 when it is none */
  async #item(format: string): Promise<number> {
    const mark = /^[-+ ]/.exec(format)?.[0] ?? '';
    const rest = format.slice(mark.length);
    if (mark !== '' && rest.startsWith('w')) return 0;
    const lengthBefore = this.#output.length;
    const length = this.#padding === undefined ? await this.#plain(rest) : await this.#padded(rest, this.#padding);
    if (mark !== '') await this.#applyMark(mark, lengthBefore);
    return mark.length + length;
  }

  async #applyMark(mark: string, lengthBefore: number): Promise<void> {
    const isEmpty = this.#output.length === lengthBefore;
    if (isEmpty !== (mark === '-')) return;
    await this.#placeholders.spend(this.#output.length);
    if (mark === '-') {
      this.#output = withoutNewlines(this.#output);
      return;
    }
    const added = mark === '+' ? '\n' : ' ';
    this.#output = this.#output.slice(0, lengthBefore) + added + this.#output.slice(lengthBefore);
  }

  async #plain(format: string): Promise<number> {
    const { text, length } = await this.#one(format, 'output');
    this.#output += text;
    return length;
  }

  /** @param into where the text will go: git breaks lines of that alone, and forgets where it was when it is not the output */
  async #one(format: string, into: 'output' | 'padding'): Promise<{ text: string; length: number }> {
    // Whatever has options ends with a bracket, which was looked for at least once.
    const isLong = /^(?:C?\(|w|[<>])/.test(format);
    const bracket = isLong ? format.indexOf(')') : 0;
    await this.#placeholders.spend(bracket < 0 ? format.length : bracket + 1);
    if (format.startsWith('w')) return { text: '', length: await this.#readWrapping(format, into) };
    if (/^[<>]/.test(format)) return { text: '', length: this.#readPadding(format) };
    this.#usesMessage ||= /^(?:[aceBsfb]|\(trailers)/.test(format);
    const expansion = await this.#placeholders.expand(format);
    await this.#placeholders.spend(expansion?.text.length ?? 0);
    return expansion ?? { text: '', length: 0 };
  }

  async #readWrapping(format: string, into: 'output' | 'padding'): Promise<number> {
    const [whole, inner] = /^w\(([^)]*)\)/.exec(format) ?? [];
    if (whole === undefined || inner === undefined) return 0;
    const numbers = inner === '' ? [] : /^\s*\+?(\d+)(?:,\s*\+?(\d+)(?:,\s*\+?(\d+))?)?$/.exec(inner)?.slice(1);
    const [width = 0, indent1 = 0, indent2 = 0] = numbers?.map((digits) => Number(digits ?? 0)) ?? [];
    if (numbers === undefined || Math.max(width, indent1, indent2) > FORMATTING_MAX) return 0;
    await this.#wrapTail({ width, indent1, indent2 }, into === 'output' ? this.#output.length : 0);
    return whole.length;
  }

  async #wrapTail(wrapping: Wrapping, end: number): Promise<void> {
    const { width, indent1, indent2 } = this.#wrapping;
    if (width === wrapping.width && indent1 === wrapping.indent1 && indent2 === wrapping.indent2) return;
    if (this.#wrapStart < end) {
      await this.#placeholders.spend(this.#output.length);
      const tail = this.#output.slice(this.#wrapStart);
      // The line end makes it cost what is not plain costs.
      await this.#placeholders.spendColumns(this.#wrapping.width > 0 ? `${tail}\n` : '');
      this.#output = this.#output.slice(0, this.#wrapStart) + wrapText(tail, this.#wrapping);
    }
    this.#wrapStart = end === 0 ? 0 : this.#output.length;
    this.#wrapping = wrapping;
  }

  /** Takes the padding for the next placeholder. */
  #readPadding(format: string): number {
    const [head, kind = '', bar, size = '', more] = /^(<|>[<>]?)(\|)?\(([^,)]+)([,)])/.exec(format) ?? [];
    const number = /^\s*([+-]?\d+)/.exec(size)?.[1];
    if (head === undefined || number === undefined) return 0;
    let columns = Number(number);
    if (columns === 0 || Math.abs(columns) > FORMATTING_MAX) return 0;
    if (columns < 0 && bar !== undefined) columns += TERMINAL_COLUMNS;
    if (columns < 0) return 0;
    const padding = { kind: PADDING_KINDS[kind] as Padding['kind'], columns, isToColumn: bar !== undefined };
    this.#padding = { ...padding, truncate: 'not' };
    if (more === ')') return head.length;
    const truncation = /^(l|m|)trunc\)/.exec(format.slice(head.length));
    if (truncation === null) return 0;
    const side = { '': 'right', l: 'left', m: 'middle' } as const;
    this.#padding = { ...padding, truncate: side[truncation[1] as '' | 'l' | 'm'] };
    return head.length + truncation[0].length;
  }

  async #padded(format: string, padding: Padding): Promise<number> {
    let text = '';
    let length = 0;
    for (;;) {
      const rest = format.slice(length);
      const one = await this.#one(rest, 'padding');
      text += one.text;
      length += one.length;
      // A colour takes no place: what is padded is what comes after it.
      if (!rest.startsWith('C') || format.charAt(length) !== '%') break;
      length++;
    }
    await this.#pad(text, padding);
    this.#padding = undefined;
    return length;
  }

  async #pad(given: string, { kind, columns, isToColumn, truncate }: Padding): Promise<void> {
    let text = given;
    let free = columns;
    if (isToColumn || kind === 'steal') await this.#placeholders.spend(this.#output.length);
    await this.#placeholders.spend(free);
    if (isToColumn) free -= await this.#columnsOf(this.#output.slice(this.#output.lastIndexOf('\n') + 1));
    const width = await this.#columnsOf(text);
    if (kind === 'steal') {
      const stolen = steal(this.#output, width - free);
      this.#output = stolen.output;
      free += stolen.count;
      text = stolen.colors + text;
    }
    if (width > free) {
      this.#output += truncated(text, width, free, truncate);
      return;
    }
    const spaces = free - width;
    const before = kind === 'behind' ? 0 : kind === 'around' ? Math.trunc(spaces / 2) : spaces;
    this.#output += ' '.repeat(before) + text + ' '.repeat(spaces - before);
  }

  async #columnsOf(text: string): Promise<number> {
    await this.#placeholders.spendColumns(text);
    return columnsOfText(text);
  }

  /** A commit in another encoding than UTF-8 is formatted in that, with all that stands in front of it. */
  #encoded(): string {
    const { encoding } = this.#placeholders.message;
    if (!this.#usesMessage || encoding === undefined || isUtf8Name(encoding)) return this.#output;
    const encoded = encodeText(Buffer.from(this.#output, 'latin1'), encoding);
    return encoded === undefined ? this.#output : Buffer.from(encoded).toString('latin1');
  }
}

function truncated(text: string, width: number, columns: number, truncate: Padding['truncate']): string {
  const count = width - (columns - 2);
  switch (truncate) {
    case 'not':
      return text;
    case 'left':
      return replaceColumns(text, 0, count, '..');
    case 'middle':
      return replaceColumns(text, Math.trunc(columns / 2) - 1, count, '..');
    case 'right':
      return replaceColumns(text, columns - 2, count, '..');
  }
}

/** Takes up to `wanted` spaces from the end. Colours among them are kept, for what follows. */
function steal(output: string, wanted: number): { output: string; count: number; colors: string } {
  let end = output.length;
  let count = 0;
  let colors = '';
  while (count < wanted && end > 1) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    const color = /\u001b\[[0-9;]*m$/.exec(output.slice(Math.max(0, end - 11), end));
    if (output.charAt(end - 1) === ' ') {
      end--;
      count++;
    } else if (color !== null) {
      colors = color[0] + colors;
      end -= color[0].length;
    } else break;
  }
  return { output: output.slice(0, end), count, colors };
}

function withoutNewlines(text: string): string {
  let end = text.length;
  while (text.charAt(end - 1) === '\n') end--;
  return text.slice(0, end);
}
