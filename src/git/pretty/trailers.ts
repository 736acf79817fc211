/**
 * The trailers at the end of a commit's message — git-interpret-trailers(1); `trailer.c`, `commit.c`. Texts are byte strings. The
 * server has no settings of its own (`trailer.*`, `core.commentChar`).
 */
import { expandLiterals, matchOption, matchSwitch } from './placeholder-options.ts';

interface TrailerOptions {
  /** In lower case, without a colon at the end. Empty: all. */
  readonly keys: string[];
  separator: string | undefined;
  keyValueSeparator: string | undefined;
  only: boolean;
  unfold: boolean;
  keyOnly: boolean;
  valueOnly: boolean;
}

/** A line of another kind has no key. */
interface Trailer {
  readonly key: string | undefined;
  readonly value: string;
}

const SWITCHES = { only: 'only', unfold: 'unfold', keyonly: 'keyOnly', valueonly: 'valueOnly' } as const;
const GENERATED = ['Signed-off-by: ', '(cherry picked from commit '];
const COMMENT = '#';
const SCISSORS = '# ------------------------ >8 ------------------------\n';
const EDGES = /^[ \t\n\r]+|[ \t\n\r]+$/g;

/**
 * `%(trailers…)`.
 *
 * @param text behind `(trailers`
 * @param message from the subject on
 * @returns what it stands for and how long the options are with the bracket; undefined for options that there are not
 */
export function formatTrailers(text: string, message: string): { value: string; length: number } | undefined {
  const options: TrailerOptions = {
    keys: [],
    separator: undefined,
    keyValueSeparator: undefined,
    only: false,
    unfold: false,
    keyOnly: false,
    valueOnly: false,
  };
  const rest = text.startsWith(':') ? readOptions(text.slice(1), options) : text;
  if (!rest?.startsWith(')')) return undefined;
  return { value: format(message, options), length: text.length - rest.length + 1 };
}

function readOptions(text: string, options: TrailerOptions): string | undefined {
  let rest: string | undefined = text;
  while (rest !== undefined && !rest.startsWith(')')) rest = readOption(rest, options);
  return rest;
}

/** @returns what follows; undefined when it is no option */
function readOption(text: string, options: TrailerOptions): string | undefined {
  const key = matchOption(text, 'key');
  if (key) {
    if (key.value === undefined) return undefined;
    options.keys.push(key.value.replace(/:$/, '').toLowerCase());
    options.only = true;
    return key.rest;
  }
  const separator = matchOption(text, 'separator');
  if (separator) {
    options.separator = expandLiterals(separator.value ?? '');
    return separator.rest;
  }
  const keyValueSeparator = matchOption(text, 'key_value_separator');
  if (keyValueSeparator) {
    options.keyValueSeparator = expandLiterals(keyValueSeparator.value ?? '');
    return keyValueSeparator.rest;
  }
  for (const [name, field] of Object.entries(SWITCHES)) {
    const found = matchSwitch(text, name);
    if (!found) continue;
    options[field] = found.isOn;
    return found.rest;
  }
  return undefined;
}

function format(message: string, options: TrailerOptions): string {
  const end = message.length - ignoredLength(message);
  const block = message.slice(findBlock(message.slice(0, end)), end);
  const { keys, separator, keyValueSeparator, only, unfold, keyOnly, valueOnly } = options;
  const isPlain = !only && !unfold && !keyOnly && !valueOnly && keys.length === 0;
  if (isPlain && separator === undefined && keyValueSeparator === undefined) return block;
  let output = '';
  for (const trailer of readTrailers(block)) {
    if (trailer.key === undefined && only) continue;
    if (trailer.key !== undefined && keys.length > 0 && !keys.includes(trailer.key.toLowerCase())) continue;
    if (separator !== undefined && output !== '') output += separator;
    output += describe(trailer, options);
    if (separator === undefined) output += '\n';
    else if (trailer.key === undefined) output = output.replace(/[ \t\n\r]+$/, '');
  }
  return output;
}

function describe({ key, value }: Trailer, options: TrailerOptions): string {
  if (key === undefined) return value.replace(/\n$/, '');
  const text = options.unfold ? value.replace(/\n[ \t\n\r]*/g, ' ').replace(EDGES, '') : value;
  const between = options.keyOnly || options.valueOnly ? '' : (options.keyValueSeparator ?? ': ');
  return (options.valueOnly ? '' : key) + between + (options.keyOnly ? '' : text);
}

function readTrailers(block: string): Trailer[] {
  const lines: string[] = [];
  let isTrailer = false;
  for (const line of linesOf(block)) {
    if (isTrailer && /^[ \t\n\r]/.test(line)) {
      lines[lines.length - 1] += line;
      continue;
    }
    lines.push(line);
    isTrailer = separatorOf(line) >= 1;
  }
  return lines
    .filter((line) => !line.startsWith(COMMENT))
    .map((line) => {
      const colon = separatorOf(line);
      if (colon < 1) return { key: undefined, value: line };
      return { key: line.slice(0, colon).replace(EDGES, ''), value: line.slice(colon + 1).replace(EDGES, '') };
    });
}

/** The offset of the colon; -1 when the line is no trailer. */
function separatorOf(line: string): number {
  const before = /^[0-9A-Za-z-]*(?:(?<=.)[ \t]+)?(?=:)/.exec(line)?.[0];
  return before === undefined ? -1 : before.length;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

function isBlank(line: string): boolean {
  return /^[ \t\r]*(?:\n|$)/.test(line);
}

/** Comments and blank lines at the end, and what old versions of git wrote about conflicts. */
function ignoredLength(message: string): number {
  const scissors = message.startsWith(SCISSORS) ? 0 : message.indexOf(`\n${SCISSORS}`) + 1;
  const cutoff = message.startsWith(SCISSORS) ? 0 : scissors > 0 ? scissors : message.length;
  let ignoredFrom = 0;
  let isConflicts = false;
  let offset = 0;
  for (const line of linesOf(message.slice(0, cutoff))) {
    if (line.startsWith(COMMENT) || line === '\n') ignoredFrom ||= offset;
    else if (line === 'Conflicts:\n') {
      isConflicts = true;
      ignoredFrom ||= offset;
    } else if (!(isConflicts && line.startsWith('\t'))) {
      ignoredFrom = 0;
      isConflicts = false;
    }
    offset += line.length;
  }
  return message.length - (ignoredFrom || cutoff);
}

/** Where the trailers begin: behind the last blank line, if what follows is all trailers, or a quarter, one of git's own among them. */
function findBlock(text: string): number {
  const lines = linesOf(text);
  const titleEnd = lines.findIndex((line) => !line.startsWith(COMMENT) && isBlank(line));
  const counts = { trailers: 0, others: 0, continuations: 0, isRecognized: false, isAllBlank: true };
  let offset = text.length;
  for (let index = lines.length - 1; index >= Math.max(0, titleEnd < 0 ? lines.length : titleEnd); index--) {
    const line = lines[index] as string;
    if (isBlank(line) && !line.startsWith(COMMENT)) {
      if (!counts.isAllBlank) return isBlock(counts) ? offset : text.length;
    } else countLine(line, counts);
    offset -= line.length;
  }
  return text.length;
}

interface LineCounts {
  trailers: number;
  others: number;
  /** Lines with spaces in front, which belong to what stands above them. */
  continuations: number;
  isRecognized: boolean;
  isAllBlank: boolean;
}

function isBlock(counts: LineCounts): boolean {
  const others = counts.others + counts.continuations;
  return (counts.isRecognized && counts.trailers * 3 >= others) || (counts.trailers > 0 && others === 0);
}

function countLine(line: string, counts: LineCounts): void {
  if (line.startsWith(COMMENT)) {
    counts.others += counts.continuations;
    counts.continuations = 0;
    return;
  }
  counts.isAllBlank = false;
  const isGenerated = GENERATED.some((prefix) => line.startsWith(prefix));
  if (isGenerated || separatorOf(line) >= 1) {
    counts.trailers++;
    counts.continuations = 0;
    counts.isRecognized ||= isGenerated;
  } else if (/^[ \t]/.test(line)) {
    counts.continuations++;
  } else {
    counts.others += 1 + counts.continuations;
    counts.continuations = 0;
  }
}
