/** Work that a process takes on only so much of at once: packs to be made or taken in, archives. */
import { callerNetwork } from '#auth/client-address.ts';
import type { Principal } from '#auth/principal.ts';
import type { GitServices } from '../git-services.ts';
import type { GitSession } from './git-session.ts';

/**
 * Does the work once there is room for it. To be called before a byte of the answer goes out, so that a client which is turned
 * away reads why, and when to come back.
 *
 * @throws {OverloadedError} there was no room in time; the work was not begun
 */
export function doHeavyWork<Result>(
  session: Pick<GitSession, 'repository' | 'principal' | 'clientAddress' | 'signal'> & {
    readonly services: Pick<GitServices, 'admission'>;
  },
  work: () => Promise<Result>,
): Promise<Result> {
  const { services, repository, principal, clientAddress, signal } = session;
  const client = heavyWorkClient(principal, clientAddress ?? '');
  return services.admission.run({ repositoryId: repository.id, client, signal }, work);
}

/** Who has a share of the server to themselves. */
export function heavyWorkClient(principal: Principal, clientAddress: string): string {
  switch (principal.kind) {
    case 'user':
      return `user:${principal.userId}`;
    case 'deploy-key':
      return `deploy-key:${principal.keyId}`;
    case 'anonymous':
      return `address:${callerNetwork(clientAddress)}`;
  }
}
