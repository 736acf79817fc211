import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { limits } from '#limits.ts';
import { splitPktLines } from './pkt-line-reader.ts';
import { BareChannel, type ByteSink, SideBandChannel, SMALL_BAND_PAYLOAD_BYTES } from './side-band.ts';

/** Keeps copies of what it is given; each write settles when the test says so, or at once. */
class TestSink implements ByteSink {
  readonly writes: Buffer[] = [];
  readonly #waiting: { resolve: () => void; reject: (reason: Error) => void }[] = [];
  held = false;

  write(bytes: Uint8Array): Promise<void> {
    this.writes.push(Buffer.from(bytes));
    if (!this.held) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  release(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  fail(reason: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }

  get frames(): { band: number; payload: Buffer }[] {
    return [...splitPktLines(Buffer.concat(this.writes))].map((pkt) =>
      pkt.kind === 'data'
        ? { band: pkt.payload[0] ?? -1, payload: Buffer.from(pkt.payload.subarray(1)) }
        : { band: 0, payload: Buffer.alloc(0) },
    );
  }

  band(number: number): Buffer {
    return Buffer.concat(this.frames.filter(({ band }) => band === number).map(({ payload }) => payload));
  }
}

describe('SideBandChannel', () => {
  let sink: TestSink;

  beforeEach(() => {
    vi.useFakeTimers();
    sink = new TestSink();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([limits.sideBandPayloadBytes, SMALL_BAND_PAYLOAD_BYTES])('fills frames of %i bytes', async (payloadBytes) => {
    const channel = new SideBandChannel(sink, payloadBytes);
    const data = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i & 0xff));
    for (let offset = 0; offset < data.length; offset += 7_001)
      await channel.data(data.subarray(offset, offset + 7_001));
    await channel.end();
    expect(sink.band(1)).toEqual(data);
    const sizes = sink.frames.filter(({ band }) => band === 1).map(({ payload }) => payload.length);
    expect(sizes.slice(0, -1).every((size) => size === payloadBytes)).toBe(true);
    expect(sink.frames.at(-1)?.band).toBe(0);
  });

  it('lets the source reuse its chunk at once', async () => {
    const channel = new SideBandChannel(sink);
    const chunk = Buffer.from('first');
    await channel.data(chunk);
    chunk.write('secon');
    await channel.data(chunk);
    await channel.end();
    expect(sink.band(1).toString()).toBe('firstsecon');
  });

  it('waits for a slow reader after a few frames', async () => {
    sink.held = true;
    const channel = new SideBandChannel(sink);
    let written = false;
    const writing = channel.data(Buffer.alloc(limits.sideBandPayloadBytes * 10)).then(() => {
      written = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(sink.writes).toHaveLength(4);
    expect(written).toBe(false);
    sink.held = false;
    sink.release();
    await writing;
    expect(sink.writes).toHaveLength(10);
  });

  it('throws what the sink threw', async () => {
    sink.held = true;
    const channel = new SideBandChannel(sink);
    await channel.data(Buffer.alloc(limits.sideBandPayloadBytes));
    sink.fail(new Error('gone'));
    await vi.advanceTimersByTimeAsync(0);
    await expect(channel.data(Buffer.alloc(1))).rejects.toThrow('gone');
    await expect(channel.end()).rejects.toThrow('gone');
  });

  it('puts progress on band 2 and errors on band 3, after the data before them', async () => {
    const channel = new SideBandChannel(sink);
    channel.progress('Counting\r');
    await channel.data(Buffer.from('PACK'));
    await channel.fail('out of order');
    expect(sink.frames.map(({ band, payload }) => `${band}:${payload}`)).toEqual([
      '2:Counting\r',
      '1:PACK',
      '3:out of order',
    ]);
  });

  it('splits text that is longer than a frame', async () => {
    const channel = new SideBandChannel(sink, SMALL_BAND_PAYLOAD_BYTES);
    const text = 'x'.repeat(3_000);
    channel.progress(text);
    await channel.end();
    expect(sink.band(2).toString()).toBe(text);
    expect(sink.frames.filter(({ band }) => band === 2)).toHaveLength(4);
  });

  it('drops progress that nobody reads', async () => {
    sink.held = true;
    const channel = new SideBandChannel(sink);
    for (let i = 0; i < 1_000; i++) channel.progress(`${i}\r`);
    expect(sink.writes).toHaveLength(limits.progressBacklogMax);
    sink.release();
    await vi.advanceTimersByTimeAsync(0);
    channel.progress('again');
    expect(sink.writes.at(-1)?.toString()).toContain('again');
  });

  it('breaks silences only once it may', async () => {
    const channel = new SideBandChannel(sink);
    await vi.advanceTimersByTimeAsync(limits.keepaliveIntervalMs * 3);
    expect(sink.writes).toHaveLength(0);
    channel.startKeepalive();
    await vi.advanceTimersByTimeAsync(limits.keepaliveIntervalMs * 2);
    expect(sink.writes.map((bytes) => bytes.toString('latin1'))).toEqual(['0005\x01', '0005\x01']);
  });

  it('breaks a silence with the data that is pending', async () => {
    const channel = new SideBandChannel(sink);
    channel.startKeepalive();
    await channel.data(Buffer.from('abc'));
    await vi.advanceTimersByTimeAsync(limits.keepaliveIntervalMs);
    expect(sink.writes.map((bytes) => bytes.toString('latin1'))).toEqual(['0008\x01abc']);
  });

  it('counts a silence from the last frame', async () => {
    const channel = new SideBandChannel(sink);
    channel.startKeepalive();
    await vi.advanceTimersByTimeAsync(limits.keepaliveIntervalMs - 1);
    channel.progress('x');
    await vi.advanceTimersByTimeAsync(limits.keepaliveIntervalMs - 1);
    expect(sink.writes).toHaveLength(1);
  });

  it('sends no keepalive to a client that does not read, nor after the end', async () => {
    sink.held = true;
    const channel = new SideBandChannel(sink);
    channel.startKeepalive();
    channel.progress('x');
    await vi.advanceTimersByTimeAsync(limits.keepaliveIntervalMs * 5);
    expect(sink.writes).toHaveLength(1);
    sink.held = false;
    sink.release();
    await channel.end();
    await vi.advanceTimersByTimeAsync(limits.keepaliveIntervalMs * 5);
    expect(sink.writes).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('BareChannel', () => {
  it('says nothing but data', async () => {
    const sink = new TestSink();
    const channel = new BareChannel(sink);
    channel.startKeepalive();
    channel.progress();
    await channel.data(Buffer.from('PACK'));
    await channel.end();
    expect(Buffer.concat(sink.writes).toString()).toBe('PACK');
  });
});
