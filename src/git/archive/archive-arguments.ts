/**
 * The arguments of `git archive --remote` as the server reads them — git-archive(1), "OPTIONS"; `archive.c`,
 * "parse_archive_args"; `parse-options.c`. Arguments are byte strings.
 */
import { textOfBytes } from '#bytes/utf8.ts';
import { ProtocolError } from '../errors.ts';
import { ARCHIVE_FORMATS, type ArchiveFormat, parseArchiveFormat } from './archive-format.ts';

export type ArchiveArguments =
  | ArchiveOrder
  /** Which formats there are. */
  | { readonly kind: 'list' }
  /** The arguments are none: what git prints about it. */
  | { readonly kind: 'usage'; readonly text: string };

export interface ArchiveOrder {
  readonly kind: 'archive';
  readonly format: ArchiveFormat;
  readonly level: number | undefined;
  readonly prefix: string;
  readonly treeish: string;
  readonly paths: readonly string[];
  /** Attributes come from a work tree, of which there is none. */
  readonly worktreeAttributes: boolean;
  /** Report the paths. */
  readonly verbose: boolean;
  readonly mtime: string | undefined;
}

const USAGE = `usage: git archive [<options>] <tree-ish> [<path>...]
   or: git archive --list
   or: git archive --remote <repo> [--exec <cmd>] [<options>] <tree-ish> [<path>...]
   or: git archive --remote <repo> [--exec <cmd>] --list
`;

const VALUE_OPTIONS = [
  'format',
  'prefix',
  'add-file',
  'add-virtual-file',
  'output',
  'mtime',
  'remote',
  'exec',
] as const;
const FLAG_OPTIONS = ['worktree-attributes', 'verbose', 'list'] as const;
type ValueOption = (typeof VALUE_OPTIONS)[number];
type FlagOption = (typeof FLAG_OPTIONS)[number];
const SHORT_OPTIONS: Readonly<Record<string, ValueOption | FlagOption>> = { o: 'output', v: 'verbose', l: 'list' };

interface Options {
  readonly values: Map<ValueOption, string>;
  readonly flags: Set<FlagOption>;
  level: number | undefined;
  readonly positional: string[];
}

/** What ends the parsing: the text that git prints. */
class UsageError extends Error {}

/** @throws {ProtocolError} in the words with which git dies */
export function parseArchiveArguments(args: readonly string[]): ArchiveArguments {
  const options: Options = { values: new Map(), flags: new Set(), level: undefined, positional: [] };
  try {
    readOptions(args, options);
  } catch (error) {
    if (error instanceof UsageError) return { kind: 'usage', text: error.message };
    throw error;
  }
  refuseLocalOptions(options);
  const [treeish, ...paths] = options.positional;
  if (options.flags.has('list')) {
    if (treeish !== undefined) throw new ProtocolError(`extra command line parameter '${textOfBytes(treeish)}'`);
    return { kind: 'list' };
  }
  if (treeish === undefined) return { kind: 'usage', text: USAGE };
  const format = requireFormat(options.values.get('format') ?? 'tar');
  return {
    kind: 'archive',
    format,
    level: checkLevel(options.level, format),
    prefix: options.values.get('prefix') ?? '',
    treeish,
    paths,
    worktreeAttributes: options.flags.has('worktree-attributes'),
    verbose: options.flags.has('verbose'),
    mtime: options.values.get('mtime'),
  };
}

/** Options may stand anywhere before `--`. */
function readOptions(args: readonly string[], options: Options): void {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string;
    if (arg === '--') {
      options.positional.push(...args.slice(index + 1));
      return;
    }
    const takeNext = () => {
      index++;
      return args[index];
    };
    if (arg.startsWith('--')) readLongOption(arg.slice(2), takeNext, options);
    else if (arg.startsWith('-') && arg.length > 1) readShortOptions(arg.slice(1), takeNext, options);
    else options.positional.push(arg);
  }
}

function readLongOption(option: string, takeNext: () => string | undefined, options: Options): void {
  const equals = option.indexOf('=');
  const given = equals < 0 ? option : option.slice(0, equals);
  const value = equals < 0 ? undefined : option.slice(equals + 1);
  const isNegated = given.startsWith('no-');
  const name = findLongOption(isNegated ? given.slice(3) : given);
  if (name === undefined || (isNegated && name === 'mtime')) {
    throw new UsageError(`error: unknown option \`${textOfBytes(option)}'\n${USAGE}`);
  }
  if (isFlag(name) || isNegated) {
    if (value !== undefined) throw new UsageError(`error: option \`${isNegated ? 'no-' : ''}${name}' takes no value\n`);
    set(name, isNegated ? undefined : '', options);
    return;
  }
  set(name, requireValue(value ?? takeNext(), `option \`${name}'`), options);
}

/** An option may be abbreviated as far as one alone begins that way. */
function findLongOption(given: string): ValueOption | FlagOption | undefined {
  const all = [...VALUE_OPTIONS, ...FLAG_OPTIONS];
  const exact = all.find((name) => name === given);
  if (exact !== undefined || given === '') return exact;
  const candidates = all.filter((name) => name.startsWith(given));
  const [first, second] = candidates;
  if (second !== undefined) {
    throw new UsageError(
      `error: ambiguous option: ${textOfBytes(given)} (could be --${first} or --${second})\n${USAGE}`,
    );
  }
  return first;
}

function readShortOptions(letters: string, takeNext: () => string | undefined, options: Options): void {
  for (let index = 0; index < letters.length; index++) {
    const digits = /^[0-9]+/.exec(letters.slice(index))?.[0];
    if (digits !== undefined) {
      options.level = Number(digits);
      index += digits.length - 1;
      continue;
    }
    const name = SHORT_OPTIONS[letters[index] as string];
    if (name === undefined)
      throw new UsageError(`error: unknown switch \`${textOfBytes(letters[index] as string)}'\n${USAGE}`);
    if (!isFlag(name)) {
      const rest = letters.slice(index + 1);
      set(name, requireValue(rest === '' ? takeNext() : rest, `switch \`${letters[index]}'`), options);
      return;
    }
    set(name, '', options);
  }
}

function requireValue(value: string | undefined, option: string): string {
  if (value === undefined) throw new UsageError(`error: ${option} requires a value\n`);
  return value;
}

/** @param value undefined takes the option back */
function set(name: ValueOption | FlagOption, value: string | undefined, options: Options): void {
  if (isFlag(name)) {
    if (value === undefined) options.flags.delete(name);
    else options.flags.add(name);
  } else if (value === undefined) options.values.delete(name);
  else options.values.set(name, value);
}

function isFlag(name: ValueOption | FlagOption): name is FlagOption {
  return FLAG_OPTIONS.some((flag) => flag === name);
}

/** What has a meaning where the archive is written, or reads files of the server. */
function refuseLocalOptions({ values }: Options): void {
  if (values.has('remote')) throw new ProtocolError('Unexpected option --remote');
  if (values.has('exec')) throw new ProtocolError("the option '--exec' requires '--remote'");
  if (values.has('output')) throw new ProtocolError('Unexpected option --output');
  if (values.has('add-file') || values.has('add-virtual-file')) {
    throw new ProtocolError("options '--add-file' and '--remote' cannot be used together");
  }
}

function requireFormat(name: string): ArchiveFormat {
  const format = parseArchiveFormat(name);
  if (format === undefined) throw new ProtocolError(`Unknown archive format '${textOfBytes(name)}'`);
  return format;
}

function checkLevel(level: number | undefined, format: ArchiveFormat): number | undefined {
  if (level === undefined || (format !== 'tar' && level <= 9)) return level;
  throw new ProtocolError(`Argument not supported for format '${format}': -${level}`);
}

/** What git lists, one a line. */
export function listArchiveFormats(): string {
  return ARCHIVE_FORMATS.map((format) => `${format}\n`).join('');
}
