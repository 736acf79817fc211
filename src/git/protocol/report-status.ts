/** What became of a push — gitprotocol-pack(5), "Report Status"; git's `report` and `report_v2`. */
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';

export interface PushReport {
  /** Undefined: the pack was unpacked, or there was none. */
  readonly unpackError: string | undefined;
  readonly refs: readonly RefReport[];
}

export type RefReport =
  | { readonly kind: 'ok'; readonly name: string }
  /** The name as it was sent: bytes when it is not UTF-8. */
  | { readonly kind: 'rejected'; readonly name: string | Uint8Array; readonly reason: string };

/**
 * The lines of both versions: the second adds options only for refs that a hook of the server rewrote (`proc-receive`), and we
 * have none.
 */
export function* reportStatus(report: PushReport): Generator<OutgoingPkt> {
  yield `unpack ${oneLine(report.unpackError ?? 'ok')}\n`;
  for (const ref of report.refs) {
    if (ref.kind === 'rejected') {
      yield rejectionLine(ref.name, oneLine(ref.reason));
      continue;
    }
    yield `ok ${ref.name}\n`;
  }
  yield FLUSH;
}

function rejectionLine(name: string | Uint8Array, reason: string): OutgoingPkt {
  if (typeof name === 'string') return `ng ${name} ${reason}\n`;
  return Buffer.concat([Buffer.from('ng '), name, Buffer.from(` ${reason}\n`)]);
}

/** A reason must not end its line, or make it longer than a pkt can be. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').slice(0, 1_000);
}
