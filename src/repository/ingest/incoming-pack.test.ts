import { describe, expect, it } from 'vitest';
import { limits } from '#limits.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { packKey } from '#storage/storage-key.ts';
import { IncomingPack } from './incoming-pack.ts';
import { RetainBudget } from './retain-budget.ts';

const PACK_ID = '01890000-0000-7000-8000-000000000000';

describe('a pack on its way in', () => {
  async function takeIn(pieces: readonly Buffer[]) {
    const parsed: Uint8Array[] = [];
    const incoming = new IncomingPack({
      blobs: new MemoryBlobStore(),
      key: packKey(PACK_ID),
      budget: new RetainBudget(limits.packRetainProcessMaxBytes),
      signal: AbortSignal.timeout(30_000),
      parse: async (bytes) => {
        parsed.push(bytes);
        return false;
      },
      onUploadStarted: async () => {},
    });
    for (const piece of pieces) await incoming.write(piece);
    await incoming.end();
    return { parsed, retained: incoming.retained };
  }

  it('takes little memory when it is small', async () => {
    const { retained } = await takeIn([Buffer.alloc(300, 1), Buffer.alloc(300, 2)]);
    expect(retained.map(({ bytes }) => [bytes.length, bytes.buffer.byteLength])).toEqual([
      [600, limits.packFirstSegmentBytes],
    ]);
  });

  it('is the same bytes wherever its memory was exchanged for more', async () => {
    const sizes = [1, limits.packFirstSegmentBytes - 1, 1, 3 * limits.packFirstSegmentBytes, limits.uploadPartBytes, 7];
    const pieces = sizes.map((size, index) => Buffer.alloc(size, index + 1));
    const { parsed, retained } = await takeIn(pieces);
    expect(Buffer.concat(parsed).equals(Buffer.concat(pieces))).toBe(true);
    expect(Buffer.concat(retained.map(({ bytes }) => bytes)).equals(Buffer.concat(pieces))).toBe(true);
    expect(retained[0]?.bytes.length).toBe(limits.uploadPartBytes);
  });
});
