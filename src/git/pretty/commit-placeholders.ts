/**
 * What each placeholder of a format stands for — git-log(1), "PRETTY FORMATS"; `pretty.c`, "format_commit_one". As on git's own
 * servers there are no notes, no reflog and no keys to check signatures with, and no colours but those that are asked for always.
 * Texts are byte strings.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '#limits.ts';
import { LimitExceededError, ProtocolError } from '../errors.ts';
import { parseCommit } from '../object/commit.ts';
import type { ObjectId } from '../object/object-id.ts';
import { findTreeEntry } from '../object/tree.ts';
import type { ObjectStore } from '../object-store.ts';
import type { RefSnapshot } from '../ref-store.ts';
import { abbreviate } from './abbreviate.ts';
import { parseColor } from './color.ts';
import { type CommitMessage, readCommitMessage } from './commit-message.ts';
import { DECORATION_TEXTS, decorationsOf, formatDecorations, readDecorateOptions } from './decorations.ts';
import { describeCommit, readDescribeOptions } from './describe.ts';
import { Mailmap } from './mailmap.ts';
import { formatPersonPart } from './person.ts';
import { isPlain } from './text-width.ts';
import { formatTrailers } from './trailers.ts';

export interface FormattedCommit {
  readonly objects: ObjectStore;
  /** Those that whoever reads this may see. */
  readonly refs: RefSnapshot;
  readonly id: ObjectId;
  readonly body: Uint8Array;
  readonly nowSeconds: number;
  readonly signal: AbortSignal;
}

/** What a placeholder stands for, and the characters that it takes. */
export interface Expansion {
  readonly text: string;
  readonly length: number;
}

/** Placeholders without options that need nothing but letters. */
const PLAIN: Readonly<Record<string, string>> = { m: '>', gd: '', gD: '', gs: '', gn: '', gN: '', ge: '', gE: '' };
/** Of a commit whose signature nobody has checked. */
const SIGNATURE: Readonly<Record<string, string>> = {
  'G?': 'N',
  GT: 'undefined',
  GG: '',
  GS: '',
  GK: '',
  GF: '',
  GP: '',
};
/** How much longer these take a byte than copying it. */
const COLUMNS_COST = 16;
const TRAILERS_COST = 16;
const BASIC_COLOR = /^C(?:red|green|blue|reset)/;

/** Of one commit, for all the formats of an archive: the work for them is bounded in sum. */
export class CommitPlaceholders {
  readonly #commit: FormattedCommit;
  readonly message: CommitMessage;
  #mailmap: Promise<Mailmap> | undefined;
  #ids: { readonly treeId: ObjectId; readonly parentIds: readonly ObjectId[] } | undefined;
  #decorations: ReturnType<typeof decorationsOf> | undefined;
  /** As git's archiver has it: once, since it may take long. */
  #mayDescribe = true;
  #spentBytes = 0;
  #turnBeganAt = performance.now();

  constructor(commit: FormattedCommit) {
    this.#commit = commit;
    if (commit.body.length > limits.commitFormatMaxBytes) throw askForTooMuch();
    this.message = readCommitMessage(commit.body);
  }

  /** Accounts for what was read or written. @throws {LimitExceededError} the formats ask for too much */
  async spend(bytes: number): Promise<void> {
    this.#spentBytes += bytes;
    if (this.#spentBytes > limits.commitFormatWorkBytes) {
      throw askForTooMuch();
    }
    if (performance.now() - this.#turnBeganAt < limits.walkSliceMs) return;
    await nextTurn();
    this.#commit.signal.throwIfAborted();
    this.#turnBeganAt = performance.now();
  }

  /** The same for text whose columns are counted, byte by byte. */
  async spendColumns(text: string): Promise<void> {
    if (isPlain(text)) return this.spend(text.length);
    if (text.length > limits.commitFormatColumnsMaxBytes) throw askForTooMuch();
    return this.spend(COLUMNS_COST * text.length);
  }

  /** @param format what follows the percent sign @returns undefined when it begins with no placeholder */
  async expand(format: string): Promise<Expansion | undefined> {
    const first = format.charAt(0);
    if (first === 'n') return { text: '\n', length: 1 };
    if (first === 'x') return expandHex(format);
    if (first === 'C') return expandColor(format);
    if (first === '(') return this.#expandBracketed(format);
    const plain = PLAIN[first] ?? PLAIN[format.slice(0, 2)];
    if (plain !== undefined) return { text: plain, length: first === 'm' ? 1 : 2 };
    if (first === 'G') return expandSignature(format);
    if (first === 'a' || first === 'c') return this.#expandPerson(format);
    const text = await this.#expandLetter(first);
    return text === undefined ? undefined : { text, length: 1 };
  }

  async #expandBracketed(format: string): Promise<Expansion | undefined> {
    if (format.startsWith('(describe')) return this.#describe(format.slice('(describe'.length));
    if (format.startsWith('(decorate')) {
      const found = readDecorateOptions(format.slice('(decorate'.length));
      if (found === undefined) return undefined;
      return {
        text: formatDecorations(this.#decorationsNow(), found.texts),
        length: '(decorate'.length + found.length,
      };
    }
    if (!format.startsWith('(trailers')) return undefined;
    await this.spend(TRAILERS_COST * this.message.fromSubject.length);
    const found = formatTrailers(format.slice('(trailers'.length), this.message.fromSubject);
    return found && { text: found.value, length: '(trailers'.length + found.length };
  }

  async #describe(text: string): Promise<Expansion | undefined> {
    if (!this.#mayDescribe) return undefined;
    this.#mayDescribe = false;
    const found = readDescribeOptions(text);
    if (found === undefined) return undefined;
    const described = await describeCommit(this.#commit, this.#commit.id, found.options);
    return { text: described, length: '(describe'.length + found.length };
  }

  async #expandLetter(letter: string): Promise<string | undefined> {
    const { id } = this.#commit;
    switch (letter) {
      case 'H':
        return id;
      case 'h':
        return this.#short(id);
      case 'T':
        return this.#idsNow().treeId;
      case 't':
        return this.#short(this.#idsNow().treeId);
      case 'P':
        return this.#idsNow().parentIds.join(' ');
      case 'p':
        return (await Promise.all(this.#idsNow().parentIds.map((parentId) => this.#short(parentId)))).join(' ');
      case 'd':
        return formatDecorations(this.#decorationsNow(), DECORATION_TEXTS);
      case 'D':
        return formatDecorations(this.#decorationsNow(), { ...DECORATION_TEXTS, prefix: '', suffix: '' });
      default:
        return this.#expandMessage(letter);
    }
  }

  #expandMessage(letter: string): string | undefined {
    switch (letter) {
      case 'e':
        return this.message.encoding ?? '';
      case 'B':
        return this.message.raw;
      case 's':
        return this.message.subjectLines.join(' ');
      case 'f':
        return sanitize(this.message.fromSubject.split('\n', 1)[0] ?? '');
      case 'b':
        return this.message.body;
      default:
        return undefined;
    }
  }

  async #expandPerson(format: string): Promise<Expansion | undefined> {
    const line = format.startsWith('a') ? this.message.author : this.message.committer;
    const { nowSeconds } = this.#commit;
    const text = await formatPersonPart(line, format.charAt(1), { mailmap: () => this.#mailmapNow(), nowSeconds });
    return text === undefined ? undefined : { text, length: 2 };
  }

  #short(id: ObjectId): Promise<string> {
    return abbreviate(this.#commit.objects, id);
  }

  #idsNow(): { readonly treeId: ObjectId; readonly parentIds: readonly ObjectId[] } {
    this.#ids ??= parseCommit(this.#commit.body, this.#commit.objects.format);
    return this.#ids;
  }

  #decorationsNow(): ReturnType<typeof decorationsOf> {
    this.#decorations ??= decorationsOf(this.#commit.refs, this.#commit.id);
    return this.#decorations;
  }

  #mailmapNow(): Promise<Mailmap> {
    this.#mailmap ??= readMailmap(this.#commit);
    return this.#mailmap;
  }
}

/** The file of HEAD, whatever is formatted: git-config(1), `mailmap.blob`, as bare repositories have it. */
async function readMailmap({ objects, refs }: FormattedCommit): Promise<Mailmap> {
  const head = refs.find('HEAD');
  const headId = head && (head.peeled ?? head.target);
  if (headId === undefined || (await objects.header(headId))?.type !== 'commit') return new Mailmap();
  const { treeId } = parseCommit((await objects.read(headId)).body, objects.format);
  const entry = findTreeEntry((await objects.read(treeId)).body, Buffer.from('.mailmap'), objects.format);
  const header = entry && (await objects.header(entry.id));
  if (entry === undefined || header?.type !== 'blob' || header.sizeBytes > limits.mailmapMaxBytes) return new Mailmap();
  return new Mailmap(Buffer.from((await objects.read(entry.id)).body).toString('latin1'));
}

function askForTooMuch(): LimitExceededError {
  return new LimitExceededError('the $Format:$ of export-subst ask for too much');
}

function expandHex(format: string): Expansion | undefined {
  const digits = /^x([0-9a-fA-F]{2})/.exec(format)?.[1];
  return digits === undefined ? undefined : { text: String.fromCharCode(Number.parseInt(digits, 16)), length: 3 };
}

/** Colours are for terminals, and an archive is none: only `always` brings one. */
function expandColor(format: string): Expansion | undefined {
  const basic = BASIC_COLOR.exec(format)?.[0];
  if (basic !== undefined) return { text: '', length: basic.length };
  const [whole, name] = /^C\(([^)]*)\)/.exec(format) ?? [];
  if (whole === undefined || name === undefined) return undefined;
  if (!name.startsWith('always,')) return { text: '', length: whole.length };
  const text = parseColor(name.slice('always,'.length));
  if (text === undefined) throw new ProtocolError('unable to parse --pretty format');
  return { text, length: whole.length };
}

function expandSignature(format: string): Expansion | undefined {
  const text = SIGNATURE[format.slice(0, 2)];
  return text === undefined ? undefined : { text, length: 2 };
}

/** As the name of a file: `pretty.c`, "format_sanitized_subject". */
function sanitize(subject: string): string {
  return subject
    .replace(/[^0-9A-Za-z._]+/g, '-')
    .replace(/^-/, '')
    .replace(/\.{2,}/g, '.')
    .replace(/[.-]+$/, '');
}
