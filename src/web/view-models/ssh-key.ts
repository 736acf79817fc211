/** What pages say about SSH keys. */
import type { AddSshKeyOutcome, DeployKeyRecord, SshKeyRecord } from '#auth/ssh-key-store.ts';

export interface SshKeyItem {
  readonly id: number;
  readonly title: string;
  /** `ED25519`. */
  readonly algorithm: string;
  readonly fingerprint: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
  /** Of deploy keys. */
  readonly access: 'read-only' | 'read-write' | undefined;
}

const ALGORITHMS: Readonly<Record<string, string>> = {
  'ssh-ed25519': 'ED25519',
  'ssh-rsa': 'RSA',
  'ecdsa-sha2-nistp256': 'ECDSA',
  'ecdsa-sha2-nistp384': 'ECDSA',
  'ecdsa-sha2-nistp521': 'ECDSA',
  'sk-ssh-ed25519@openssh.com': 'ED25519 on a security key',
  'sk-ecdsa-sha2-nistp256@openssh.com': 'ECDSA on a security key',
};

export function userKeyItem(key: SshKeyRecord): SshKeyItem {
  const { id, title, publicKey, fingerprint, createdAt, lastUsedAt } = key;
  const type = publicKey.split(' ', 1)[0] ?? '';
  const algorithm = ALGORITHMS[type] ?? type;
  return { id, title, algorithm, fingerprint, createdAt, lastUsedAt, access: undefined };
}

export function deployKeyItem(key: DeployKeyRecord): SshKeyItem {
  return { ...userKeyItem(key), access: key.readOnly ? 'read-only' : 'read-write' };
}

/** By the name of the field that is wrong. */
export function keyFormErrors(
  outcome: Exclude<AddSshKeyOutcome<unknown>, { kind: 'added' }>,
): Readonly<Record<string, string>> {
  switch (outcome.kind) {
    case 'in-use':
      return { key: 'This key is in use already, by an account or as a deploy key. Each needs a key of its own.' };
    case 'too-many':
      return { key: 'There are as many keys as there may be. Remove one that nothing uses.' };
    case 'invalid':
      return { [outcome.field]: outcome.reason };
  }
}

/** How to try out a key. */
export function sshTestCommand(hostname: string, port: number): string {
  return port === 22 ? `ssh -T git@${hostname}` : `ssh -T -p ${port} git@${hostname}`;
}
