/** `$Format:…$` in files with the attribute `export-subst` — gitattributes(5), "export-subst"; `archive.c`, "format_subst". */
import { limits } from '#limits.ts';
import { LimitExceededError } from '../errors.ts';
import { formatCommit } from '../pretty/commit-format.ts';
import { CommitPlaceholders, type FormattedCommit } from '../pretty/commit-placeholders.ts';

const OPENING = '$Format:';
const CLOSING = '$';

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
      if (output.length > limits.archiveConvertedMaxBytes) {
        throw new LimitExceededError('the $Format:$ of export-subst make a file too large');
      }
      offset = end + CLOSING.length;
    }
    return Buffer.from(output + bytes.toString('latin1', offset), 'latin1');
  }
}
