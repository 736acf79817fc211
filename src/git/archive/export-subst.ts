/** `$Format:…$` in files with the attribute `export-subst` — gitattributes(5), "export-subst"; `archive.c`, "format_subst". */
import { limits } from '#limits.ts';
import { LimitExceededError } from '../errors.ts';
import { formatCommit } from '../pretty/commit-format.ts';
import { CommitPlaceholders, type FormattedCommit } from '../pretty/commit-placeholders.ts';

const OPENING = '$Format:';
const CLOSING = '$';
/** What paddings and line breaks of a format may look back at, in a file that is not held in memory. */
const LOOK_BACK_BYTES = 64 * 1024;

/** For the files of one archive. */
export class ExportSubstitution {
  readonly #commit: FormattedCommit;
  #placeholders: CommitPlaceholders | undefined;

  constructor(commit: FormattedCommit) {
    this.#commit = commit;
  }

  /** @throws {LimitExceededError} the formats ask for too much @throws {ProtocolError} in git's words, for a colour that is none */
  async fillIn(file: Uint8Array): Promise<Uint8Array> {
    const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
    if (!bytes.includes(OPENING)) return file;
    this.#placeholders ??= new CommitPlaceholders(this.#commit);
    let output = '';
    let offset = 0;
    for (;;) {
      const start = bytes.indexOf(OPENING, offset);
      const end = start < 0 ? -1 : bytes.indexOf(CLOSING, start + OPENING.length);
      if (end < 0) break;
      const format = bytes.toString('latin1', start + OPENING.length, end).split('\0', 1)[0] ?? '';
      output = await formatCommit(output + bytes.toString('latin1', offset, start), format, this.#placeholders);
      if (output.length > limits.exportSubstMaxBytes) {
        throw new LimitExceededError('the $Format:$ of export-subst make a file too large');
      }
      offset = end + CLOSING.length;
    }
    return Buffer.from(output + bytes.toString('latin1', offset), 'latin1');
  }

  /** Of a file of any size. @throws {LimitExceededError} as `fillIn`; a format that does not end */
  async *fillInStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#placeholders ??= new CommitPlaceholders(this.#commit);
    let output = '';
    let pending = '';
    for await (const chunk of source) {
      pending += Buffer.from(chunk).toString('latin1');
      for (;;) {
        const start = pending.indexOf(OPENING);
        const end = start < 0 ? -1 : pending.indexOf(CLOSING, start + OPENING.length);
        const plainEnd = start < 0 ? Math.max(0, pending.length - OPENING.length + 1) : start;
        output += pending.slice(0, plainEnd);
        if (end < 0) {
          pending = pending.slice(plainEnd);
          break;
        }
        const format = pending.slice(start + OPENING.length, end).split('\0', 1)[0] ?? '';
        output = await formatCommit(output, format, this.#placeholders);
        pending = pending.slice(end + CLOSING.length);
      }
      if (pending.length > limits.archiveLineMaxBytes) throw new LimitExceededError('$Format: without an end');
      if (output.length <= LOOK_BACK_BYTES) continue;
      yield Buffer.from(output.slice(0, -LOOK_BACK_BYTES), 'latin1');
      output = output.slice(-LOOK_BACK_BYTES);
    }
    yield Buffer.from(output + pending, 'latin1');
  }
}
