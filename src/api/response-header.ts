/** Headers that every answer of the API carries, errors included, and those that let browsers of other origins read it. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Principal } from '#auth/principal.ts';
import type { Scope } from '#auth/scope.ts';
import { describeMediaType, type Representation } from './media-type.ts';
import type { Allowance } from './rate-limit.ts';

/** The release of GitHub Enterprise Server whose API this one follows: clients choose their features by it. */
export const COMPATIBLE_VERSION = '3.19.0';
const API_VERSION = '2022-11-28';

const EXPOSED_HEADERS = [
  'ETag',
  'Link',
  'Location',
  'Retry-After',
  'X-GitHub-OTP',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Used',
  'X-RateLimit-Resource',
  'X-RateLimit-Reset',
  'X-OAuth-Scopes',
  'X-Accepted-OAuth-Scopes',
  'X-Poll-Interval',
  'X-GitHub-Media-Type',
  'X-GitHub-SSO',
  'X-GitHub-Request-Id',
  'Deprecation',
  'Sunset',
].join(', ');

export function setCommonHeaders(res: ServerResponse, requestId: string, representation: Representation): void {
  setHeaders(res, {
    'X-GitHub-Request-Id': requestId,
    'X-GitHub-Media-Type': describeMediaType(representation),
    'X-GitHub-Enterprise-Version': COMPATIBLE_VERSION,
    'X-GitHub-Api-Version-Selected': API_VERSION,
    // Answers depend on who asks and may be revoked at any moment: caches ask again, which costs no rate limit.
    'Cache-Control': 'private, no-cache',
    Vary: 'Accept, Authorization',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': EXPOSED_HEADERS,
    'Content-Security-Policy': "default-src 'none'",
    'Referrer-Policy': 'origin-when-cross-origin, strict-origin-when-cross-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'deny',
  });
}

/** What a browser asks before it sends another origin's request. Cookies are never read here, so any origin may. */
export function setPreflightHeaders(res: ServerResponse): void {
  setHeaders(res, {
    'Access-Control-Allow-Methods': 'GET, POST, PATCH, PUT, DELETE',
    'Access-Control-Allow-Headers':
      'Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, Accept-Encoding, ' +
      'X-GitHub-OTP, X-Requested-With, User-Agent, GraphQL-Features, X-GitHub-Api-Version',
    'Access-Control-Max-Age': '86400',
  });
}

/** The scopes of the caller's token, beside those of which the route wants one. Callers without a token get neither. */
export function setScopeHeaders(res: ServerResponse, principal: Principal, accepted: readonly Scope[]): void {
  if (principal.kind !== 'user' || principal.credential.kind !== 'token') return;
  setHeaders(res, {
    'X-OAuth-Scopes': principal.credential.scopes.join(', '),
    'X-Accepted-OAuth-Scopes': accepted.join(', '),
  });
}

export function setRateHeaders(res: ServerResponse, rate: Allowance): void {
  setHeaders(res, {
    'X-RateLimit-Limit': rate.limit,
    'X-RateLimit-Remaining': rate.remaining,
    'X-RateLimit-Used': rate.used,
    'X-RateLimit-Reset': rate.resetSeconds,
    'X-RateLimit-Resource': 'core',
  });
}

export function setHeaders(res: ServerResponse, headers: OutgoingHttpHeaders): void {
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) res.setHeader(name, value);
}
