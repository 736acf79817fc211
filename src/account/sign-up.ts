/** Makes an account for whoever asks, where the SIGNUP setting is `open`. Elsewhere administrators make them. */

import { callerNetwork } from '#auth/client-address.ts';
import type { RateLimit, RateLimiter } from '#auth/rate-limit.ts';
import type { Database } from '#db/client.ts';
import { limits } from '#limits.ts';
import { type CreateUserOutcome, createUser } from './create-user.ts';
import { invalid } from './invalid-field.ts';

export type SignUpMode = 'open' | 'invite' | 'closed';

export interface SignUpRequest {
  readonly login: string;
  readonly email: string;
  readonly password: string;
  readonly clientAddress: string;
}

export type SignUpOutcome =
  | CreateUserOutcome
  | { readonly kind: 'closed' }
  | { readonly kind: 'rate-limited'; readonly retryAfterMs: number };

const PER_ADDRESS: RateLimit = {
  name: 'sign-up-address',
  max: limits.signUpsPerAddressMax,
  windowMs: limits.signUpWindowMs,
};

/** Attempts count, not successes: otherwise the answers would tell without end which names and addresses are taken. */
export async function signUp(
  services: { readonly database: Database; readonly rateLimiter: RateLimiter; readonly mode: SignUpMode },
  request: SignUpRequest,
): Promise<SignUpOutcome> {
  if (services.mode !== 'open') return { kind: 'closed' };
  const rate = await services.rateLimiter.take(PER_ADDRESS, callerNetwork(request.clientAddress));
  if (rate.exceeded) return { kind: 'rate-limited', retryAfterMs: rate.resetInMs };
  const { login, email, password } = request;
  if (email === '') return invalid('email', 'An account needs an e-mail address.');
  return createUser(services.database, { login, email, password });
}
