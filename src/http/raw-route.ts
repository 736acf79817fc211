/**
 * Doors that answer on Node's own streams, before Astro: Astro's adapter ignores back-pressure, so whatever is large, slow or
 * needs the path as it was sent (git, raw files, archives, REST) is answered here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestContext } from './request-context.ts';

/**
 * Answers a request, or leaves it untouched for the next.
 *
 * @returns false when the request is none of this route's business; true once it is answered, or its connection is gone
 * @throws anything: the server answers 500 when nothing was sent yet, and cuts the connection otherwise
 */
export type RawRoute = (
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
) => Promise<boolean>;
