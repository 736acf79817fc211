/** Decides what becomes of findings at receive: a refusal ends the push, the rest is told to the pusher. */
import { toHex } from '#bytes/hex.ts';
import { GitError } from '../errors.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import type { ObjectType } from '../object/object-type.ts';
import { type Finding, type FsckOptions, FsckReport, isRefusal } from './finding.ts';

/** An object that git's rules refuse. The message is git's: `object <id>: <msg-id>: <detail>`. */
export class FsckError extends GitError {
  override readonly name = 'FsckError';
  readonly code = 'FSCK';
}

/** More of them help nobody, and a hostile pack could have millions. */
const NOTICES_MAX = 20;

export class FsckGate {
  readonly #format: ObjectFormat;
  readonly options: FsckOptions;
  /** Findings that refuse nothing, as git words them. */
  readonly notices: string[] = [];

  readonly #settleIds: () => void;

  /** @param settleIds called before an id is read, where objects are named later than they are looked at */
  constructor(format: ObjectFormat, options: FsckOptions, settleIds: () => void = () => {}) {
    this.#format = format;
    this.#settleIds = settleIds;
    this.options = options;
  }

  /** Collects findings and judges them. @throws {FsckError} */
  judge(type: ObjectType, ids: Uint8Array, idStart: number, collect: (report: FsckReport) => void): void {
    const report = new FsckReport(this.options);
    collect(report);
    this.judgeFindings(type, report.findings, ids, idStart);
  }

  /** @throws {FsckError} one of the findings refuses the object */
  judgeFindings(type: ObjectType, findings: readonly Finding[], ids: Uint8Array, idStart: number): void {
    if (findings.length > 0) this.#settleIds();
    for (const finding of findings) {
      const id = toHex(ids, idStart, idStart + this.#format.idBytes);
      if (this.options.skip?.has(id)) return;
      const text = `object ${id}: ${finding.id}: ${finding.detail}`;
      if (isRefusal(finding)) throw new FsckError(text);
      if (this.notices.length < NOTICES_MAX) this.notices.push(`warning in ${type} ${text.slice('object '.length)}`);
    }
  }
}
