/** One line for each answered request: what was asked, what was answered, how long and how large. Never a header or a body. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '#log.ts';
import { redactUrls } from '#log.ts';

/** Writes the line when the answer is complete or its connection breaks. */
export function logAccess(request: IncomingMessage, response: ServerResponse, log: Log, url: string): void {
  const startedAt = performance.now();
  // Node takes the socket away from a request whose reading was broken off.
  const { socket } = request;
  const bytesBefore = socket.bytesWritten;
  response.once('close', () => {
    const fields = {
      method: request.method,
      url: redactUrls(url),
      status: response.statusCode,
      durationMs: Math.round(performance.now() - startedAt),
      sentBytes: socket.bytesWritten - bytesBefore,
      userAgent: request.headers['user-agent'],
      ...(response.writableFinished ? {} : { aborted: true }),
    };
    log.info(fields, 'request');
  });
}
