import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#git/errors.ts';
import { decodePktLine, type PktLine } from './decode.ts';
import { DELIM, encodePktLine, encodePktLines, FLUSH, type OutgoingPkt } from './encode.ts';
import { lineText, PktLineReader, splitPktLines, withoutNewline } from './pkt-line-reader.ts';

const PKTS = fc.array(
  fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom<OutgoingPkt>(FLUSH, DELIM, { kind: 'response-end' })),
);

describe('decodePktLine', () => {
  it.each<[string, string, PktLine['kind']]>([
    ['flush', '0000', 'flush'],
    ['delim', '0001', 'delim'],
    ['response-end', '0002', 'response-end'],
    ['an empty payload', '0004', 'data'],
    ['upper-case digits', '000Ahello\n', 'data'],
  ])('decodes %s', (_, text, kind) => {
    expect(decodePktLine(Buffer.from(text))).toMatchObject({
      kind: 'decoded',
      pkt: { kind },
      lengthBytes: text.length,
    });
  });

  it.each([
    ['0003', 'bad line length 3'],
    ['fff5', 'bad line length 65521'],
    ['ffff', 'bad line length 65531'],
    ['00g0', 'bad line length character: 00g0'],
    ['-001', 'bad line length character: -001'],
    ['0x10', 'bad line length character: 0x10'],
    ['\n\n\n\n', 'bad line length character: ????'],
  ])('refuses the length %j', (text, message) => {
    expect(() => decodePktLine(Buffer.from(text))).toThrow(new ProtocolError(`protocol error: ${message}`));
  });

  it('takes the longest pkt there is', () => {
    const bytes = Buffer.concat([Buffer.from('fff0'), Buffer.alloc(65_516)]);
    expect(decodePktLine(bytes)).toMatchObject({ kind: 'decoded', lengthBytes: 65_520 });
  });

  it.each([
    ['', 4],
    ['000', 4],
    ['0009', 9],
    ['0009abcd', 9],
  ])('asks for more after %j', (text, lengthBytes) => {
    expect(decodePktLine(Buffer.from(text))).toEqual({ kind: 'need-more', lengthBytes });
  });

  it('reads at an offset and gives a view', () => {
    const bytes = Buffer.from('00000006ab');
    const decoded = decodePktLine(bytes, 4);
    expect(decoded).toMatchObject({ pkt: { payload: bytes.subarray(8) } });
    expect(decoded.kind === 'decoded' && decoded.pkt.kind === 'data' && decoded.pkt.payload.buffer).toBe(bytes.buffer);
  });
});

describe('encodePktLine', () => {
  it('encodes text as UTF-8', () => {
    expect(Buffer.from(encodePktLine('é\n')).toString()).toBe('0007é\n');
  });

  it('refuses what no pkt can hold', () => {
    expect(encodePktLine(new Uint8Array(65_516))).toHaveLength(65_520);
    expect(() => encodePktLine(new Uint8Array(65_517))).toThrow(RangeError);
  });

  it('gathers many pkts in pieces of bounded size', () => {
    const pkts = Array<string>(5_000).fill('x'.repeat(96));
    const pieces = [...encodePktLines(pkts)];
    expect(pieces.every((piece) => piece.length <= 65_536 + 100)).toBe(true);
    expect(Buffer.concat(pieces)).toEqual(Buffer.concat(pkts.map(encodePktLine)));
  });
});

describe('reading what was encoded', () => {
  it('gives the same pkts, however the bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(PKTS, fc.integer({ min: 1, max: 400 }), async (pkts, chunkBytes) => {
        const bytes = Buffer.concat([...encodePktLines(pkts)]);
        const reader = new PktLineReader(inChunks(bytes, chunkBytes));
        const read: unknown[] = [];
        for (let pkt = await reader.read(); pkt; pkt = await reader.read()) read.push(comparable(pkt));
        expect(read).toEqual(pkts.map(comparable));
        expect([...splitPktLines(bytes)].map(comparable)).toEqual(read);
        expect(reader.offset).toBe(bytes.length);
      }),
    );
  });

  it('never does anything but decode, ask for more or throw a ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          const decoded = decodePktLine(bytes);
          if (decoded.kind === 'decoded') expect(decoded.lengthBytes).toBeLessThanOrEqual(bytes.length);
          else expect(decoded.lengthBytes).toBeGreaterThan(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  it('tells an end between pkts from one inside', async () => {
    expect(await new PktLineReader(inChunks(Buffer.alloc(0), 1)).read()).toBeUndefined();
    const hungUp = new ProtocolError('the remote end hung up unexpectedly');
    await expect(new PktLineReader(inChunks(Buffer.from('00'), 1)).read()).rejects.toEqual(hungUp);
    await expect(new PktLineReader(inChunks(Buffer.from('0009abc'), 2)).read()).rejects.toEqual(hungUp);
    expect(() => [...splitPktLines(Buffer.from('00000009abc'))]).toThrow(hungUp);
  });

  it('leaves what follows the pkts', async () => {
    const reader = new PktLineReader(inChunks(Buffer.from('0006ab0000PACK...'), 3));
    await reader.read();
    await reader.read();
    const rest: Uint8Array[] = [];
    for await (const chunk of reader.rest()) rest.push(chunk);
    expect(Buffer.concat(rest).toString()).toBe('PACK...');
  });
});

describe('lineText', () => {
  it.each([
    ['want x\n', 'want x'],
    ['want x', 'want x'],
    ['two\n\n', 'two\n'],
    ['', ''],
    ['ü\n', 'ü'],
  ])('takes one newline off %j', (payload, text) => {
    expect(lineText(Buffer.from(payload))).toBe(text);
    expect(Buffer.from(withoutNewline(Buffer.from(payload))).toString()).toBe(text);
  });
});

async function* inChunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) yield bytes.subarray(offset, offset + chunkBytes);
}

function comparable(pkt: OutgoingPkt | PktLine): string {
  if (typeof pkt === 'string') return pkt;
  if (!('kind' in pkt)) return Buffer.from(pkt).toString('hex');
  return pkt.kind === 'data' ? Buffer.from(pkt.payload).toString('hex') : `<${pkt.kind}>`;
}
