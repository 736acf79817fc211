import { describe, expect, test } from 'vitest';
import { type ReadAhead, readAhead } from './read-ahead.ts';

/** A source of `sizeBytes` bytes that notes what is read of it. */
function source(sizeBytes: number, overrides: Partial<ReadAhead> = {}) {
  const offsets: number[] = [];
  const signals: AbortSignal[] = [];
  const request: ReadAhead = {
    startOffset: 0,
    endOffset: sizeBytes,
    pieceBytes: 10,
    piecesInFlight: 3,
    readPiece: async (offset, lengthBytes, signal) => {
      offsets.push(offset);
      signals.push(signal);
      return new Uint8Array(Math.max(0, Math.min(lengthBytes, sizeBytes - offset))).fill(offset);
    },
    ...overrides,
  };
  return { request, offsets, signals };
}

async function piecesOf(request: ReadAhead): Promise<number[][]> {
  const pieces: number[][] = [];
  for await (const piece of readAhead(request)) pieces.push([piece[0] ?? -1, piece.byteLength]);
  return pieces;
}

describe('readAhead', () => {
  test('yields the pieces in order, whichever comes first', async () => {
    const { request } = source(25);
    const reading = { ...request };
    reading.readPiece = async (offset, lengthBytes, signal) => {
      for (let turns = 30 - offset; turns > 0; turns--) await Promise.resolve();
      return await request.readPiece(offset, lengthBytes, signal);
    };
    expect(await piecesOf(reading)).toEqual([[0, 10], [10, 10], [20, 5]]); // biome-ignore format: a row
  });

  test('reads nothing before it is asked, and no further ahead than its window', async () => {
    const { request, offsets } = source(1_000);
    const reading = readAhead(request);
    expect(offsets).toEqual([]);
    await reading.next();
    await new Promise(setImmediate);
    expect(offsets).toEqual([0, 10, 20]);
    await reading.next();
    await new Promise(setImmediate);
    expect(offsets).toEqual([0, 10, 20, 30]);
    await reading.return();
  });

  test('ends at a piece that is short', async () => {
    const { request, offsets } = source(15, { endOffset: Number.MAX_SAFE_INTEGER });
    expect(await piecesOf(request)).toEqual([[0, 10], [10, 5]]); // biome-ignore format: a row
    expect(offsets.length).toBeLessThanOrEqual(4);
  });

  test('yields no empty piece', async () => {
    expect(await piecesOf(source(10, { endOffset: 30 }).request)).toEqual([[0, 10]]);
    expect(await piecesOf(source(0).request)).toEqual([]);
  });

  test('aborts what is under way when the consumer returns, and waits for it to end', async () => {
    let ended = 0;
    const { request } = source(100, {
      readPiece: async (offset, _, signal) => {
        if (offset === 0) return new Uint8Array(10);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await new Promise(setImmediate);
        ended++;
        throw signal.reason;
      },
    });
    for await (const _ of readAhead(request)) break;
    expect(ended).toBe(2);
  });

  test('throws the error of a piece in its turn', async () => {
    const { request } = source(100, {
      readPiece: async (offset) => {
        if (offset === 10) throw new Error('disk gone');
        return new Uint8Array(10);
      },
    });
    const reading = readAhead(request);
    expect((await reading.next()).value).toHaveLength(10);
    await expect(reading.next()).rejects.toThrow('disk gone');
    expect((await reading.next()).done).toBe(true);
  });
});
