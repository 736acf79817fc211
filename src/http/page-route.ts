/** The pages: Astro in middleware mode, with what it must not do by itself (origin check, size of forms) done before it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isSafeMethod, requestOrigin } from '#auth/csrf.ts';
import { limits } from '#limits.ts';
import { readBoundedBody } from './bounded-body.ts';
import { answerError } from './error-answer.ts';
import { createPageLocals, type PageLocals, type PageServices } from './page-locals.ts';
import { routableUrl } from './page-url.ts';
import type { RawRoute } from './raw-route.ts';
import type { RequestContext } from './request-context.ts';

/** What `@astrojs/node` exports in middleware mode; `next` is called when no page has the address. */
export type AstroHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
  locals: object,
) => Promise<void>;

const METHODS: readonly (string | undefined)[] = ['GET', 'HEAD', 'POST'];

export function createPageRoute(handler: AstroHandler, page: PageServices): RawRoute {
  return async (request, response, context) => {
    const refusal = refuse(request, page.services.site.publicUrl) ?? (await readForm(request, response, context));
    if (refusal !== undefined) {
      if (refusal === 405) response.setHeader('Allow', METHODS.join(', '));
      answerError(response, refusal, context.requestId);
      return true;
    }
    // A page depends on who asks; what may be shared says so itself.
    response.setHeader('Cache-Control', 'private, no-cache');
    response.setHeader('Vary', 'Cookie');
    const locals = await createPageLocals(request, context, page);
    await render(handler, request, response, locals);
    return true;
  };
}

function refuse(request: IncomingMessage, publicUrl: URL): 403 | 405 | undefined {
  if (!METHODS.includes(request.method)) return 405;
  return isSafeMethod(request.method ?? '') || isAcceptedOrigin(request, publicUrl) ? undefined : 403;
}

/** Puts the body where the adapter looks for one that was read: its own reader can only break off what is too large. */
async function readForm(
  request: IncomingMessage & { body?: Uint8Array },
  response: ServerResponse,
  context: RequestContext,
): Promise<408 | 413 | undefined> {
  if (isSafeMethod(request.method ?? '')) return undefined;
  if (context.expectsContinue) response.writeContinue();
  const { apiBodyMaxBytes: sizeMaxBytes, apiBodyTimeoutMs: timeoutMs } = limits;
  const body = await readBoundedBody(request, { sizeMaxBytes, timeoutMs });
  if (body.kind !== 'complete') return body.kind === 'too-large' ? 413 : 408;
  request.body = body.bytes;
  return undefined;
}

/** What a cookie authenticates must come from a page of ours; anything else must not come from somebody else's. */
function isAcceptedOrigin(request: IncomingMessage, publicUrl: URL): boolean {
  const origin = requestOrigin(request.headers, publicUrl);
  return origin === 'same-origin' || (origin === 'unknown' && request.headers.cookie === undefined);
}

/** What Astro adds to the pages (pictures, islands, actions): nothing of ours uses it, and no account's name begins like that. */
const ASTRO_ENDPOINT = /^\/_/;

/** Astro's own answer to an unknown address has no locals, so the page `/404` is asked for instead, as itself. */
async function render(
  handler: AstroHandler,
  request: IncomingMessage,
  response: ServerResponse,
  locals: PageLocals,
): Promise<void> {
  let found = true;
  request.url = ASTRO_ENDPOINT.test(locals.rawUrl) ? '/404' : routableUrl(locals.rawUrl);
  await handler(request, response, () => (found = false), locals);
  if (found) return;
  request.url = '/404';
  await handler(request, response, () => answerError(response, 404, locals.requestId), locals);
}
