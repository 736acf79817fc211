/** Reads a long range as a row of pieces, the next ones already under way while the consumer works on the last. */

export interface ReadAhead {
  /** Half-open range of bytes. */
  startOffset: number;
  endOffset: number;
  pieceBytes: number;
  /** Pieces under way or waiting for the consumer, the one it is about to get included. */
  piecesInFlight: number;
  signal?: AbortSignal | undefined;
  /** Reads one piece, short only where the object ends; an abort of `signal` makes it reject soon. */
  readPiece: (offset: number, lengthBytes: number, signal: AbortSignal) => Promise<Uint8Array>;
}

/**
 * Yields the pieces in order, none empty; a short one is the last. A consumer that stops pulling stops the reading once `piecesInFlight` pieces wait for it; one
 * that returns early aborts those under way, and the return waits until they have ended.
 */
export async function* readAhead(request: ReadAhead): AsyncGenerator<Uint8Array, void, undefined> {
  const stop = new AbortController();
  const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal;
  const underWay: { lengthBytes: number; piece: Promise<Uint8Array> }[] = [];
  let offset = request.startOffset;

  const topUp = () => {
    while (underWay.length < request.piecesInFlight && offset < request.endOffset) {
      const lengthBytes = Math.min(request.pieceBytes, request.endOffset - offset);
      const piece = request.readPiece(offset, lengthBytes, signal);
      // Its turn to be awaited may come long after it rejects, or never.
      piece.catch(() => {});
      underWay.push({ lengthBytes, piece });
      offset += lengthBytes;
    }
  };

  try {
    for (topUp(); underWay[0]; topUp()) {
      const { lengthBytes } = underWay[0];
      const piece = await underWay[0].piece;
      underWay.shift();
      request.signal?.throwIfAborted();
      if (piece.byteLength > 0) yield piece;
      if (piece.byteLength < lengthBytes) return;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(underWay.map(({ piece }) => piece));
  }
}
