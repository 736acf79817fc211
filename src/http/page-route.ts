/** The pages: Astro in middleware mode, with what it must not do by itself (origin check, size of forms) done before it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isSafeMethod, requestOrigin } from '#auth/csrf.ts';
import { limits } from '#limits.ts';
import { answerError } from './error-answer.ts';
import { createPageLocals, type PageLocals, type PageServices } from './page-locals.ts';
import { routableUrl } from './page-url.ts';
import type { RawRoute } from './raw-route.ts';

/** What `@astrojs/node` exports in middleware mode; `next` is called when no page has the address. */
export type AstroHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
  locals: object,
) => Promise<void>;

export function createPageRoute(handler: AstroHandler, page: PageServices): RawRoute {
  return async (request, response, context) => {
    const refusal = refuse(request, page.services.site.publicUrl);
    if (refusal !== undefined) {
      answerError(response, refusal, context.requestId);
      return true;
    }
    if (context.expectsContinue) response.writeContinue();
    // A page depends on who asks; what may be shared says so itself.
    response.setHeader('Cache-Control', 'private, no-cache');
    response.setHeader('Vary', 'Cookie');
    const locals = await createPageLocals(request, context, page);
    await render(handler, request, response, locals);
    return true;
  };
}

function refuse(request: IncomingMessage, publicUrl: URL): 403 | 413 | undefined {
  if (!isSafeMethod(request.method ?? '') && !isAcceptedOrigin(request, publicUrl)) return 403;
  // The adapter counts chunked bodies to the same bound, but can only break them off.
  return Number(request.headers['content-length'] ?? 0) > limits.apiBodyMaxBytes ? 413 : undefined;
}

/** What a cookie authenticates must come from a page of ours; anything else must not come from somebody else's. */
function isAcceptedOrigin(request: IncomingMessage, publicUrl: URL): boolean {
  const origin = requestOrigin(request.headers, publicUrl);
  return origin === 'same-origin' || (origin === 'unknown' && request.headers.cookie === undefined);
}

/** Astro's own answer to an unknown address has no locals, so the page `/404` is asked for instead, as itself. */
async function render(
  handler: AstroHandler,
  request: IncomingMessage,
  response: ServerResponse,
  locals: PageLocals,
): Promise<void> {
  let found = true;
  request.url = routableUrl(locals.rawUrl);
  await handler(request, response, () => (found = false), locals);
  if (found) return;
  request.url = '/404';
  await handler(request, response, () => answerError(response, 404, locals.requestId), locals);
}
