/** Reads the small bodies, forms and JSON: within a size and a time, so that nobody holds memory or a connection by sending slowly. */
import type { IncomingMessage } from 'node:http';

export interface BodyBounds {
  readonly sizeMaxBytes: number;
  /** From the first look at the body to its end. */
  readonly timeoutMs: number;
}

export type BoundedBody =
  | { readonly kind: 'complete'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** In both cases the rest is not read, so the connection cannot be used again. */
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-slow' };

/** @throws when the client goes away */
export async function readBoundedBody(request: IncomingMessage, bounds: BodyBounds): Promise<BoundedBody> {
  if (Number(request.headers['content-length'] ?? 0) > bounds.sizeMaxBytes) return { kind: 'too-large' };
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(timeout.resolve, bounds.timeoutMs, undefined);
  try {
    return await collect(request, bounds.sizeMaxBytes, timeout.promise);
  } finally {
    clearTimeout(timer);
  }
}

async function collect(
  request: IncomingMessage,
  sizeMaxBytes: number,
  timeout: Promise<undefined>,
): Promise<BoundedBody> {
  // Leaving early must not end the connection: the answer is still to be sent on it.
  const chunks: AsyncIterator<Uint8Array> = request.iterator({ destroyOnReturn: false });
  const read: Uint8Array[] = [];
  let sizeBytes = 0;
  for (;;) {
    const next = await Promise.race([chunks.next(), timeout]);
    if (next === undefined) return { kind: 'too-slow' };
    if (next.done) return { kind: 'complete', bytes: Buffer.concat(read, sizeBytes) };
    sizeBytes += next.value.byteLength;
    if (sizeBytes > sizeMaxBytes) return { kind: 'too-large' };
    read.push(next.value);
  }
}
