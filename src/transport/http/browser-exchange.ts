/**
 * What the raw routes for browsers share: unlike git's doors they read the session's cookie, and answer 404 to strangers where git
 * answers 401.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decideAccess } from '#auth/policy.ts';
import type { Principal } from '#auth/principal.ts';
import type { RequestContext } from '#http/request-context.ts';
import { OverloadedError } from '#repository/admission.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { RepositoryAddress } from '#web/repository-path.ts';
import type { GitServices } from '../git-services.ts';
import {
  forbidden,
  HttpRefusal,
  notFound,
  refusalOfDecision,
  refusalOfError,
  tooManyRequests,
  unauthenticated,
} from './http-refusal.ts';
import type { ResponseStream } from './response-stream.ts';

export interface BrowserExchange<Services extends Pick<GitServices, 'authenticator' | 'catalog'>> {
  readonly services: Services;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stream: ResponseStream;
  readonly context: RequestContext;
}

type AnyExchange = BrowserExchange<Pick<GitServices, 'authenticator' | 'catalog'>>;

/** @throws {HttpRefusal} */
export async function findReadable(
  exchange: AnyExchange,
  address: RepositoryAddress,
): Promise<{ repository: RepositoryRecord; principal: Principal }> {
  const principal = await authenticate(exchange);
  const repository = await exchange.services.catalog.find(address.owner, address.name, principal);
  if (!repository) throw notFound();
  const refusal = refusalOfDecision(decideAccess(principal, { action: 'repository:read', repository }));
  if (refusal) throw refusal;
  return { repository, principal };
}

async function authenticate({ services, request, context }: AnyExchange): Promise<Principal> {
  const { method = 'GET', headers } = request;
  const { clientAddress } = context;
  const result = await services.authenticator.authenticate({ method, headers, clientAddress, cookies: 'accepted' });
  switch (result.kind) {
    case 'authenticated':
      return result.principal;
    case 'invalid':
      throw unauthenticated('Invalid credentials.');
    case 'cross-site':
      throw forbidden('This request came from another site.');
    case 'rate-limited':
      throw tooManyRequests(result.retryAfterMs);
  }
}

/** Who may see something can change, so every use asks again. */
export function setCacheHeaders(response: ServerResponse, repository: RepositoryRecord, etag: string): void {
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', `${repository.visibility}, no-cache`);
  response.setHeader('Vary', 'Authorization, Cookie');
}

/** Ends an exchange that went wrong: with a status while that can be said, and otherwise by cutting the connection. */
export function failExchange({ response, stream, context }: AnyExchange, error: unknown): void {
  const isExpected = error instanceof HttpRefusal || error instanceof OverloadedError || stream.signal.aborted;
  if (!isExpected) context.log.error({ err: error }, 'raw request failed');
  // A clean end would say that this was all of it.
  if (response.headersSent || stream.signal.aborted) stream.destroy();
  else refuse(response, refusalOfError(error, context.requestId));
}

function refuse(response: ServerResponse, refusal: HttpRefusal): void {
  const text = Buffer.from(`${refusal.message}\n`);
  for (const name of ['ETag', 'Vary']) response.removeHeader(name);
  response.writeHead(refusal.status, {
    ...refusal.headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(text.length),
    'Cache-Control': 'no-store',
  });
  response.end(text);
}
