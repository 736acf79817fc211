/** Every HTTP status with which a raw route refuses, and which error leads to it. What happens after the headers are out: `../git/error-text.ts`. */
import type { Decision } from '#auth/permission.ts';
import { LimitExceededError, ProtocolError } from '#git/errors.ts';
import { OverloadedError } from '#repository/admission.ts';
import { RepositoryGoneError } from '#repository/errors.ts';
import { errorText } from '../git/error-text.ts';

/** An answer instead of the one that was asked for. Thrown by what decides it, answered in one place. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** @param message a sentence for the user: git shows it as `remote: …` */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** Git asks the user for credentials on this status alone. */
export function unauthenticated(message = 'Authentication required.'): HttpRefusal {
  return new HttpRefusal(401, message, { 'WWW-Authenticate': 'Basic realm="OpenCodeHub", charset="UTF-8"' });
}

export function notFound(message = 'Repository not found.'): HttpRefusal {
  return new HttpRefusal(404, message);
}

export function forbidden(message: string): HttpRefusal {
  return new HttpRefusal(403, message);
}

export function methodNotAllowed(allow: string): HttpRefusal {
  return new HttpRefusal(405, `Use ${allow}.`, { Allow: allow });
}

export function requestTimeout(idleMs: number): HttpRefusal {
  return new HttpRefusal(408, `Nothing of the request arrived for ${Math.ceil(idleMs / 1_000)} s.`);
}

export function contentTooLarge(sizeMaxBytes: number): HttpRefusal {
  return new HttpRefusal(413, `The request has more than ${sizeMaxBytes} bytes.`);
}

export function unsupportedMediaType(message: string): HttpRefusal {
  return new HttpRefusal(415, message);
}

export function tooManyRequests(retryAfterMs: number): HttpRefusal {
  const seconds = retryAfterSeconds(retryAfterMs);
  return new HttpRefusal(429, `Too many attempts. Try again in ${seconds} s.`, { 'Retry-After': seconds });
}

function overloaded({ message, reason, retryAfterMs }: OverloadedError): HttpRefusal {
  const isOurs = reason === 'server' || reason === 'stopping';
  return new HttpRefusal(isOurs ? 503 : 429, message, { 'Retry-After': retryAfterSeconds(retryAfterMs) });
}

function retryAfterSeconds(milliseconds: number): string {
  return String(Math.max(1, Math.ceil(milliseconds / 1_000)));
}

/** @returns undefined when the decision allows */
export function refusalOfDecision(decision: Decision): HttpRefusal | undefined {
  switch (decision.kind) {
    case 'allow':
      return undefined;
    case 'unauthenticated':
      return unauthenticated();
    case 'hidden':
      return notFound();
    case 'forbidden':
      return forbidden(decision.reason);
    case 'scope-missing':
      return decision.visible ? forbidden(`This token lacks a scope: ${decision.accepted.join(' or ')}.`) : notFound();
  }
}

/** The answer to an error that came up before any header was sent. */
export function refusalOfError(error: unknown, requestId: string): HttpRefusal {
  if (error instanceof HttpRefusal) return error;
  if (error instanceof RepositoryGoneError) return notFound();
  if (error instanceof OverloadedError) return overloaded(error);
  if (error instanceof LimitExceededError) return new HttpRefusal(413, sentence(error.message));
  if (error instanceof ProtocolError) return new HttpRefusal(400, sentence(error.message));
  return new HttpRefusal(500, sentence(errorText(error, requestId)));
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
