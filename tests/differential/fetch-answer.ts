/** An answer of upload-pack, taken apart: the lines that come before a pack, and the pack. */
import type { PktLine } from '#git/pkt-line/decode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';

export interface FetchAnswer {
  /** Special pkts in angle brackets; those of sideband-all without their band. */
  readonly lines: readonly string[];
  readonly pack: Buffer | undefined;
  /** Of side band 3, and ERR lines. */
  readonly errors: readonly string[];
  /** Of what came after the pack's last frame. */
  readonly ending: string;
}

type Framing = 'side-band' | 'sideband-all' | 'none';

export function takeApart(body: Buffer, framing: Framing): FetchAnswer {
  if (framing === 'none') return takeApartBare(body);
  const lines: string[] = [];
  const errors: string[] = [];
  const pack: Buffer[] = [];
  let inPack = false;
  let ending = '';
  for (const pkt of splitPktLines(body)) {
    if (pkt.kind !== 'data') {
      if (inPack) ending += `<${pkt.kind}>`;
      else lines.push(`<${pkt.kind}>`);
      continue;
    }
    const band = pkt.payload[0] ?? 0;
    const rest = Buffer.from(pkt.payload.subarray(1));
    if (band > 3) {
      const text = lineText(pkt.payload);
      (text.startsWith('ERR ') ? errors : lines).push(text);
      // An error may stand in the middle of what looked like a pack.
      continue;
    }
    if (band === 3) errors.push(rest.toString().trimEnd());
    if (band !== 1) continue;
    if (framing === 'sideband-all' && !inPack) {
      const text = lineText(rest);
      if (text.startsWith('ERR ')) errors.push(text);
      else lines.push(text);
      inPack = text === 'packfile';
      continue;
    }
    inPack = true;
    pack.push(rest);
  }
  return { lines, errors, ending, pack: pack.length > 0 ? Buffer.concat(pack) : undefined };
}

function takeApartBare(body: Buffer): FetchAnswer {
  const start = body.indexOf('PACK');
  const head = start < 0 ? body : body.subarray(0, start);
  const lines = [...splitPktLines(head)].map((pkt: PktLine) =>
    pkt.kind === 'data' ? lineText(pkt.payload) : `<${pkt.kind}>`,
  );
  return {
    lines: lines.filter((line) => !line.startsWith('ERR ')),
    errors: lines.filter((line) => line.startsWith('ERR ')),
    ending: '',
    pack: start < 0 ? undefined : body.subarray(start),
  };
}
