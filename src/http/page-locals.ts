/** What the server hands to every page: services come this way, so that Astro's bundle holds none of them a second time. */
import type { IncomingMessage } from 'node:http';
import type { Principal } from '#auth/principal.ts';
import type { Services } from '#services.ts';
import type { RequestContext } from './request-context.ts';

export interface PageLocals extends Pick<RequestContext, 'requestId' | 'rawUrl' | 'clientAddress' | 'log'> {
  readonly services: Services;
  /** From the session cookie alone. Sign-in and sign-out replace it for the rest of the request. */
  principal: Principal;
}

/** What the locals are made of. */
export interface PageServices {
  readonly services: Services;
  /** Reads the session cookie, and nothing else. */
  readonly authenticatePage: (request: IncomingMessage, context: RequestContext) => Promise<Principal>;
}

export async function createPageLocals(
  request: IncomingMessage,
  context: RequestContext,
  page: PageServices,
): Promise<PageLocals> {
  const { requestId, rawUrl, clientAddress, log } = context;
  const principal = await page.authenticatePage(request, context);
  return { requestId, rawUrl, clientAddress, log, services: page.services, principal };
}
