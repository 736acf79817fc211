/** What a client proves at its login, and who that is at the time of a command. */
import type { Principal, UserPrincipal } from '#auth/principal.ts';
import type { SshKeyOwner } from '#auth/ssh-key-store.ts';
import type { SshServices } from './ssh-services.ts';

/** A signature that was right. Whose key it is may change while the connection lasts, so each command asks again. */
export type ProvenKey =
  | { readonly kind: 'key'; readonly fingerprint: string }
  | { readonly kind: 'certificate'; readonly login: string; readonly expiresAtSeconds: number };

/** Somebody who has logged in. */
export type SshPrincipal = Exclude<Principal, { kind: 'anonymous' }>;

/** Asked for each command: a key that was removed, and one of a suspended user, opens nothing any more. */
export async function findPrincipal(
  sshKeys: SshServices['sshKeys'],
  proven: ProvenKey,
): Promise<SshPrincipal | undefined> {
  if (proven.kind === 'certificate') return findCertified(sshKeys, proven);
  const owner = await sshKeys.findOwner(proven.fingerprint);
  return owner && toPrincipal(owner);
}

async function findCertified(
  sshKeys: SshServices['sshKeys'],
  { login, expiresAtSeconds }: Extract<ProvenKey, { kind: 'certificate' }>,
): Promise<UserPrincipal | undefined> {
  if (expiresAtSeconds * 1_000 <= Date.now()) return undefined;
  const [user] = await sshKeys.findUsers([login]);
  return user && { kind: 'user', ...user, credential: { kind: 'ssh-certificate', expiresAtSeconds } };
}

function toPrincipal(owner: SshKeyOwner): SshPrincipal {
  switch (owner.kind) {
    case 'user':
      return { kind: 'user', ...owner.user, credential: { kind: 'ssh-key', keyId: owner.keyId } };
    case 'repository': {
      const { keyId, title, repositoryId, readOnly } = owner;
      return { kind: 'deploy-key', keyId, title, repositoryId, readOnly };
    }
  }
}
