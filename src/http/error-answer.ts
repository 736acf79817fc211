/**
 * Answers for when nothing else can answer: they need no service, no template and no page. Pages of ours replace them
 * wherever they can still be rendered.
 */
import type { ServerResponse } from 'node:http';

const EXPLANATIONS = {
  400: ['Bad request', 'This request is not one that this server can read.'],
  403: ['Forbidden', 'This form was sent from another site. Open the page here and send it again.'],
  404: ['Not found', 'There is nothing at this address, or you may not see it.'],
  405: ['Method not allowed', 'This address takes no requests of that kind.'],
  408: ['Too slow', 'What was sent did not arrive in time.'],
  413: ['Too large', 'What was sent is larger than this address accepts.'],
  500: ['Something broke', 'The server ran into an error and has written it down. Try again in a moment.'],
  501: ['Not implemented', 'The body of this request is encoded in a way that this server does not read.'],
  503: ['Not available', 'The server is starting or stopping. Try again in a moment.'],
} as const;

export type ErrorStatus = keyof typeof EXPLANATIONS;

/** Answers with a small page that names the request. When an answer has begun, cuts the connection: a clean end would lie. */
export function answerError(response: ServerResponse, status: ErrorStatus, requestId: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const [title, text] = EXPLANATIONS[status];
  const body =
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${title}</title><h1>${title}</h1><p>${text}</p><p>Request ${requestId}</p></html>\n`;
  // Without this, a client that is still sending its body would hold the connection.
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
