/** What became of a push — gitprotocol-pack(5), "Report Status"; git's `report` and `report_v2`. */
import type { ObjectId } from '#git/object/object-id.ts';
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';

export interface PushReport {
  /** Undefined: the pack was unpacked, or there was none. */
  readonly unpackError: string | undefined;
  readonly refs: readonly RefReport[];
}

export type RefReport =
  | { readonly kind: 'ok'; readonly name: string; readonly options?: RefReportOptions }
  /** The name as it was sent: bytes when it is not UTF-8. */
  | { readonly kind: 'rejected'; readonly name: string | Uint8Array; readonly reason: string };

/** What v2 tells about a ref that was not updated just as it was asked for. */
export interface RefReportOptions {
  readonly refName?: string;
  readonly oldId?: ObjectId;
  readonly newId?: ObjectId;
  readonly forcedUpdate?: boolean;
}

export function* reportStatus(report: PushReport, version: 'v1' | 'v2'): Generator<OutgoingPkt> {
  yield `unpack ${oneLine(report.unpackError ?? 'ok')}\n`;
  for (const ref of report.refs) {
    if (ref.kind === 'rejected') {
      yield rejectionLine(ref.name, oneLine(ref.reason));
      continue;
    }
    yield `ok ${ref.name}\n`;
    if (version === 'v2') yield* optionLines(ref.options ?? {});
  }
  yield FLUSH;
}

function rejectionLine(name: string | Uint8Array, reason: string): OutgoingPkt {
  if (typeof name === 'string') return `ng ${name} ${reason}\n`;
  return Buffer.concat([Buffer.from('ng '), name, Buffer.from(` ${reason}\n`)]);
}

function* optionLines(options: RefReportOptions): Generator<OutgoingPkt> {
  if (options.refName) yield `option refname ${options.refName}\n`;
  if (options.oldId) yield `option old-oid ${options.oldId}\n`;
  if (options.newId) yield `option new-oid ${options.newId}\n`;
  if (options.forcedUpdate) yield 'option forced-update\n';
}

/** A reason must not end its line, or make it longer than a pkt can be. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').slice(0, 1_000);
}
