import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '#limits.ts';
import { type Conversion, convertToWorkingTree } from './checkout-conversion.ts';
import { convertStream, measureConversion } from './streamed-conversion.ts';

const ID = '1'.repeat(40);
const PARTS = [
  '\n',
  '\r\n',
  '\r',
  '\0',
  '$Id$',
  '$Id: old $',
  '$Id: a b$',
  '$',
  'Id',
  ': ',
  'text',
  'é',
  '漢',
  '🎉',
  '\x1a',
];
const CONVERSIONS = fc.record({
  expandsIdent: fc.boolean(),
  crlf: fc.constantFrom('none', 'always', 'auto'),
  encoding: fc.constantFrom(undefined, 'UTF-16', 'ISO-8859-1', 'UTF-32BE', 'no-such'),
});

test('a file that comes in pieces is converted as one that is whole', async () => {
  const chunks = fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.array(fc.constantFrom(...PARTS), { maxLength: 6 }).map((parts) => parts.join('')) },
      { weight: 1, arbitrary: fc.constant(`${'plain '.repeat(40)}\n`) },
    ),
    { minLength: 1, maxLength: 8 },
  );
  const property = fc.asyncProperty(
    chunks,
    CONVERSIONS,
    fc.integer({ min: 1, max: 9 }),
    async (texts, conversion, size) => {
      const stored = Buffer.from(texts.join(''));
      if (stored.length > 0) await compare(stored, conversion, size);
    },
  );
  await fc.assert(property, { numRuns: 500 });
});

test.each([
  ['ends of lines', `${'x'.repeat(limits.archiveLineMaxBytes - 1)}\r\ny`],
  ['characters', '漢'.repeat(limits.archiveLineMaxBytes)],
  ['keywords', `${'x'.repeat(limits.archiveLineMaxBytes - 3)}$Id$ and $Id: x $ \n`],
])('%s of lines without an end are not cut in two', async (_name, text) => {
  const conversion = { expandsIdent: true, crlf: 'always', encoding: 'UTF-16LE' } as const;
  await compare(Buffer.from(text), conversion, 100_001);
});

async function compare(stored: Buffer, conversion: Conversion, chunkBytes: number): Promise<void> {
  const whole = convertToWorkingTree(stored, conversion, ID);
  const measured = await measureConversion(chunksOf(stored, chunkBytes), conversion, ID);
  const pieces: Uint8Array[] = [];
  for await (const piece of convertStream(chunksOf(stored, chunkBytes), measured, ID)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  expect(bytes.equals(whole.bytes)).toBe(true);
  expect(measured).toMatchObject({ sizeBytes: bytes.length, isEncoded: whole.isEncoded });
}

/** In a buffer that is used again, as a source may. */
async function* chunksOf(bytes: Buffer, chunkBytes: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(chunkBytes);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    yield buffer.subarray(0, bytes.copy(buffer, 0, at, at + chunkBytes));
    buffer.fill(0);
  }
}
