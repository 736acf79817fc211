import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UnexpectedEndError } from './byte-cursor.ts';
import { ByteReader } from './byte-reader.ts';

async function* sequence(chunks: readonly Uint8Array[], onPull?: () => void): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    onPull?.();
    yield chunk;
  }
}

test('reads of any length over chunks of any length give the bytes in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5 })), fc.array(fc.nat(7)), async (chunks, lengths) => {
      const whole = Buffer.concat(chunks);
      const reader = new ByteReader(sequence(chunks));
      let offset = 0;
      for (const length of lengths) {
        const want = whole.subarray(offset, offset + length);
        expect([...(await reader.peek(length))]).toEqual([...want]);
        if (want.length < length) {
          await expect(reader.read(length)).rejects.toThrow(UnexpectedEndError);
        } else {
          expect([...(await reader.read(length))]).toEqual([...want]);
          offset += length;
        }
        expect(reader.offset).toBe(offset);
      }
      const rest = [];
      for await (const chunk of reader.rest()) rest.push(chunk);
      expect([...Buffer.concat(rest)]).toEqual([...whole.subarray(offset)]);
    }),
  );
});

test('pulls a chunk only when a read needs it', async () => {
  let pulls = 0;
  const reader = new ByteReader(sequence([Buffer.from('abc'), Buffer.from('def')], () => pulls++));
  expect(pulls).toBe(0);
  await reader.read(3);
  expect(pulls).toBe(1);
  await reader.read(1);
  expect(pulls).toBe(2);
});

test('readSome skips empty chunks, keeps to its maximum, and ends with undefined', async () => {
  const reader = new ByteReader(sequence([Buffer.alloc(0), Buffer.from('abc'), Buffer.alloc(0)]));
  expect(Buffer.from((await reader.readSome(2)) ?? []).toString()).toBe('ab');
  expect(Buffer.from((await reader.readSome()) ?? []).toString()).toBe('c');
  expect(await reader.readSome()).toBeUndefined();
  expect(reader.offset).toBe(3);
});

test('the leftover is what was pulled and not read', async () => {
  const reader = new ByteReader(sequence([Buffer.from('abc'), Buffer.from('def')]));
  await reader.read(1);
  expect(Buffer.from(reader.takeLeftover()).toString()).toBe('bc');
  expect(reader.takeLeftover().length).toBe(0);
  expect(Buffer.from(await reader.read(3)).toString()).toBe('def');
});

test('closing, and leaving the rest early, end the source', async () => {
  let ended = 0;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from('abc');
      yield Buffer.from('def');
    } finally {
      ended++;
    }
  }
  const closed = new ByteReader(source());
  await closed.read(1);
  await closed.close();
  await closed.close();
  expect(ended).toBe(1);
  for await (const chunk of new ByteReader(source()).rest()) {
    expect(chunk.length).toBe(3);
    break;
  }
  expect(ended).toBe(2);
});

test("an error of the source is the reader's", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a');
    throw new Error('connection reset');
  }
  await expect(new ByteReader(broken()).read(2)).rejects.toThrow('connection reset');
});
