/**
 * The REST API as a raw route: from a Node request to the one operation that it means, and its reply onto the wire. In
 * order: who asks, how often, which operation, whether they may, what they sent; then the operation itself.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ANONYMOUS, type Principal } from '#auth/principal.ts';
import type { RawRoute } from '#http/raw-route.ts';
import type { RequestContext } from '#http/request-context.ts';
import { requireAccess, requiresAuthentication } from './access.ts';
import { ApiError, badCredentials, notFound, queryOrBodyRefused, toApiError, tooManySignIns } from './error.ts';
import { API_PREFIX, type BaseUrls, baseUrlsFor } from './hypermedia.ts';
import { parseAccept } from './media-type.ts';
import { type PageRequest, parsePageRequest } from './pagination.ts';
import { type Allowance, CallerAllowance } from './rate-limit.ts';
import { type RouteMatch, RouteRegistry } from './registry.ts';
import { readJsonBody } from './request-body.ts';
import { documentationUrl, writeError, writeReply } from './response.ts';
import { setCommonHeaders, setPreflightHeaders, setRateHeaders, setScopeHeaders } from './response-header.ts';
import type { AnyRoute, Reply } from './route.ts';
import { ROUTES } from './routes.ts';
import type { ApiServices } from './services.ts';

/** One request on its way, with what is known before anybody reads its body. */
interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly context: RequestContext;
  readonly urls: BaseUrls;
  /** Below `/api/v3`, as sent, without the query. */
  readonly path: string;
  readonly query: string;
  readonly match: RouteMatch | undefined;
}

export function createApi(services: ApiServices, routes: readonly AnyRoute[] = ROUTES): RawRoute {
  const registry = new RouteRegistry(routes);
  const dispatcher = new Dispatcher(services);
  return async (req, res, context) => {
    const { path, query } = splitTarget(context.rawUrl);
    if (path === undefined) return false;
    const urls = baseUrlsFor(services.site, req.headers.host);
    setCommonHeaders(res, context.requestId, parseAccept(req.headers.accept));
    if (req.method === 'OPTIONS') {
      setPreflightHeaders(res);
      res.writeHead(204).end();
      return true;
    }
    const match = registry.find(req.method ?? '', path);
    await dispatcher.answer({ req, res, context, urls, path, query, match });
    return true;
  };
}

class Dispatcher {
  readonly #services: ApiServices;

  constructor(services: ApiServices) {
    this.#services = services;
  }

  async answer(exchange: Exchange): Promise<void> {
    try {
      await this.#answerOrThrow(exchange);
    } catch (error) {
      this.#answerError(exchange, error);
    }
  }

  async #answerOrThrow(exchange: Exchange): Promise<void> {
    const { res, match, urls, path, query } = exchange;
    const principal = await this.#authenticate(exchange);
    const allowance = this.#allowanceOf(exchange, principal);
    const rate = await this.#count(exchange, allowance);
    if (rate.exceeded) throw rateLimitExceeded(principal, exchange.context.clientAddress);
    if (!match) throw notFound();
    setScopeHeaders(res, principal, match.route.scopes);
    const page = parsePageRequest(Object.fromEntries(new URLSearchParams(query)));
    const reply = await this.#run(exchange, match, { principal, rate, page });
    await writeReply(exchange.req, res, reply, {
      status: match.route.status,
      url: `${urls.api}${path}${query && `?${query}`}`,
      page,
      onNotModified: async () => setRateHeaders(res, await allowance.giveBack(rate)),
    });
  }

  /** @throws {ApiError} 401 or 403; a wrong credential is counted as the address's own request */
  async #authenticate(exchange: Exchange): Promise<Principal> {
    const { req, context } = exchange;
    const { clientAddress } = context;
    const authentication = await this.#services.authenticator.authenticate({
      method: req.method ?? '',
      headers: req.headers,
      clientAddress,
      cookies: 'ignored',
    });
    if (authentication.kind === 'authenticated') return authentication.principal;
    await this.#count(exchange, this.#allowanceOf(exchange, ANONYMOUS));
    throw authentication.kind === 'rate-limited' ? tooManySignIns(authentication.retryAfterMs) : badCredentials();
  }

  #allowanceOf(exchange: Exchange, principal: Principal): CallerAllowance {
    return new CallerAllowance(this.#services.rateLimiter, principal, exchange.context.clientAddress);
  }

  async #count(exchange: Exchange, allowance: CallerAllowance): Promise<Allowance> {
    const isFree = exchange.match?.route.rateCost === 'free';
    const rate = isFree ? await allowance.read() : await allowance.take();
    setRateHeaders(exchange.res, rate);
    return isFree ? { ...rate, exceeded: false } : rate;
  }

  async #run(
    exchange: Exchange,
    match: RouteMatch,
    caller: { principal: Principal; rate: Allowance; page: PageRequest },
  ): Promise<Reply<unknown>> {
    const { route } = match;
    const params = parseParams(route, match.params);
    const target = await this.#authorise(route, params, caller.principal);
    return route.handle({
      ...caller,
      params,
      target,
      query: parseQuery(route, exchange.query),
      body: await parseBody(route, exchange),
      services: this.#services,
      urls: exchange.urls,
      representation: parseAccept(exchange.req.headers.accept),
      signal: signalOf(exchange.res),
    });
  }

  /** @returns what the path names @throws {ApiError} 401, 403 or 404 */
  async #authorise(route: AnyRoute, params: unknown, principal: Principal): Promise<unknown> {
    if (route.permission === 'public') return undefined;
    const found = await route.permission.find({ params, principal, services: this.#services });
    if (!found) throw notFound();
    requireAccess(principal, found.access);
    if (found.target === undefined) throw requiresAuthentication();
    return found.target;
  }

  #answerError(exchange: Exchange, error: unknown): void {
    const { req, res, context, match, urls } = exchange;
    if (res.destroyed) return;
    const known = toApiError(error);
    if (!known) {
      const route = match?.route.operationId;
      context.log.error({ err: error, route }, 'api request failed');
    }
    if (res.headersSent) res.destroy();
    else writeError(req, res, known ?? new ApiError(500, 'Server Error'), documentationUrl(urls, match?.route));
  }
}

/** @returns no path when the request is not the API's */
function splitTarget(target: string): { path: string | undefined; query: string } {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  const isOurs = path === API_PREFIX || path.startsWith(`${API_PREFIX}/`);
  return { path: isOurs ? path.slice(API_PREFIX.length) : undefined, query };
}

/** A name that no rule allows names nothing. */
function parseParams(route: AnyRoute, params: RouteMatch['params']): unknown {
  const parsed = route.params.safeParse(params);
  if (!parsed.success) throw notFound();
  return parsed.data;
}

function parseQuery(route: AnyRoute, query: string): unknown {
  const parsed = route.query.safeParse(Object.fromEntries(new URLSearchParams(query)));
  if (!parsed.success) throw queryOrBodyRefused(route.resource, parsed.error);
  return parsed.data;
}

async function parseBody(route: AnyRoute, { req, res, context }: Exchange): Promise<unknown> {
  if (route.body === null) return undefined;
  if (context.expectsContinue) res.writeContinue();
  const parsed = route.body.safeParse((await readJsonBody(req)) ?? {});
  if (!parsed.success) throw queryOrBodyRefused(route.resource, parsed.error);
  return parsed.data;
}

function signalOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => controller.abort());
  return controller.signal;
}

function rateLimitExceeded(principal: Principal, clientAddress: string): ApiError {
  const caller = principal.kind === 'user' ? `user ${principal.login}` : clientAddress;
  return new ApiError(403, `API rate limit exceeded for ${caller}.`);
}
