/** Turns the policy's decision into the API's answer. */
import type { AccessRequest, Decision } from '#auth/permission.ts';
import { decideAccess } from '#auth/policy.ts';
import type { Principal } from '#auth/principal.ts';
import { ApiError, notFound } from './error.ts';

/** @throws {ApiError} when the policy does not allow it */
export function requireAccess(principal: Principal, request: AccessRequest): void {
  const refusal = refusalOf(decideAccess(principal, request));
  if (refusal) throw refusal;
}

export function mayAccess(principal: Principal, request: AccessRequest): boolean {
  return decideAccess(principal, request).kind === 'allow';
}

function refusalOf(decision: Decision): ApiError | undefined {
  switch (decision.kind) {
    case 'allow':
      return undefined;
    case 'hidden':
      return notFound();
    case 'unauthenticated':
      return requiresAuthentication();
    case 'forbidden':
      return new ApiError(403, decision.reason);
    case 'scope-missing':
      return decision.visible ? scopeMissing(decision.accepted) : notFound();
  }
}

export function requiresAuthentication(): ApiError {
  return new ApiError(401, 'Requires authentication');
}

export function scopeMissing(accepted: readonly string[]): ApiError {
  return new ApiError(403, `The access token needs one of these scopes: ${accepted.join(', ')}`, {
    headers: { 'X-Accepted-OAuth-Scopes': accepted.join(', ') },
  });
}
