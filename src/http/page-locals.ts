/** What the server hands to every page: services come this way, so that Astro's bundle holds none of them a second time. */
import type { Principal } from '#auth/principal.ts';
import type { Services } from '#services.ts';
import type { RequestContext } from './request-context.ts';

export interface PageLocals extends Pick<RequestContext, 'requestId' | 'rawUrl' | 'clientAddress' | 'log'> {
  readonly services: Services;
  /** From the session cookie alone. Sign-in and sign-out replace it for the rest of the request. */
  principal: Principal;
}
