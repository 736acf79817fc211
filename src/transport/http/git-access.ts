/** Whether a git client may do what it asks over HTTP: who it is, and the policy's answer as a status. */
import type { Principal } from '#auth/principal.ts';
import { decideGitAccess, type GitAccess } from '../git/git-access.ts';
import type { GitExchange } from './git-exchange.ts';
import type { GitPath, GitService } from './git-path.ts';
import {
  forbidden,
  HttpRefusal,
  notFound,
  refusalOfDecision,
  tooManyRequests,
  unauthenticated,
} from './http-refusal.ts';

/**
 * @throws {HttpRefusal} 401 to anonymous clients for what is private and what does not exist alike; 404 to users who may not
 * read; 403 to those who may read but not do this
 */
export async function authorizeGit(exchange: GitExchange, path: GitPath, service: GitService): Promise<GitAccess> {
  const principal = await authenticate(exchange);
  const need = service === 'git-receive-pack' ? 'write' : 'read';
  const access = await decideGitAccess(exchange.services, principal, path, need);
  switch (access.kind) {
    case 'existing':
    case 'creatable':
      return access;
    case 'unusable-name':
      throw new HttpRefusal(404, access.reason);
    case 'refused':
      throw refusalOfDecision(access.decision) ?? notFound();
  }
}

async function authenticate(exchange: GitExchange): Promise<Principal> {
  const { method = 'GET', headers } = exchange.request;
  const { clientAddress } = exchange.context;
  const result = await exchange.services.authenticator.authenticate({
    method,
    headers,
    clientAddress,
    cookies: 'ignored',
  });
  switch (result.kind) {
    case 'authenticated':
      return result.principal;
    case 'invalid':
      throw unauthenticated('Invalid credentials: use your password or an access token as the password.');
    case 'cross-site':
      throw forbidden('This request came from another site.');
    case 'rate-limited':
      throw tooManyRequests(result.retryAfterMs);
  }
}
