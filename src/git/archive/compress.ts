/** Compression beside the main thread, of streams of any length. */
import type { Transform } from 'node:stream';

/** Size of the compressed chunks. */
export const COMPRESSED_CHUNK_BYTES = 64 * 1024;

/** Sends a source through a stream of `node:zlib`, and reads it no faster than the result is taken. */
export async function* through(source: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array> {
  const feeding = feed(source, transform);
  // The reader below learns of it, for the stream is destroyed with the error.
  feeding.catch(() => {});
  try {
    yield* transform as AsyncIterable<Uint8Array>;
    await feeding;
  } finally {
    transform.destroy();
    await feeding.catch(() => {});
  }
}

async function feed(source: AsyncIterable<Uint8Array>, transform: Transform): Promise<void> {
  try {
    for await (const chunk of source) {
      if (transform.destroyed) return;
      if (!transform.write(chunk)) await roomIn(transform);
    }
    transform.end();
  } catch (error) {
    transform.destroy(error as Error);
    throw error;
  }
}

/** Resolves when the stream takes more, or is closed. */
function roomIn(transform: Transform): Promise<void> {
  return new Promise((resolve) => {
    const onRoom = () => {
      transform.off('drain', onRoom).off('close', onRoom);
      resolve();
    };
    transform.on('drain', onRoom).on('close', onRoom);
  });
}
