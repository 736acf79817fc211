/** What pages say about SSH keys. */
import type { AddSshKeyOutcome, DeployKeyRecord, SshKeyRecord } from '#auth/ssh-key-store.ts';

export interface SshKeyItem {
  readonly id: number;
  readonly title: string;
  /** `ED25519`. */
  readonly algorithm: string;
  readonly fingerprint: string;
  /** Algorithm and base64. */
  readonly publicKey: string;
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
  return { id, title, algorithm, fingerprint, publicKey, createdAt, lastUsedAt, access: undefined };
}

export function deployKeyItem(key: DeployKeyRecord): SshKeyItem {
  return { ...userKeyItem(key), access: key.readOnly ? 'read-only' : 'read-write' };
}

/**
 * By the name of the field that is wrong.
 *
 * @param line what was typed as the key
 * @param keys of the same holder
 */
export function keyFormErrors(
  outcome: Exclude<AddSshKeyOutcome<unknown>, { kind: 'added' }>,
  line: string,
  keys: readonly SshKeyItem[],
): Readonly<Record<string, string>> {
  switch (outcome.kind) {
    case 'in-use':
      return { key: inUseReason(line, keys) };
    case 'too-many':
      return { key: 'There are as many keys as there may be. Remove one that nothing uses.' };
    case 'invalid':
      return { [outcome.field]: outcome.reason };
  }
}

/** Who else has a key is not said: that would tell of other people's. */
function inUseReason(line: string, keys: readonly SshKeyItem[]): string {
  const publicKey = line
    .trim()
    .split(/[ \t]+/, 2)
    .join(' ');
  const own = keys.find((key) => key.publicKey === publicKey);
  if (own !== undefined) return `This key is here already: it is “${own.title}”.`;
  return 'This key is in use already, by an account or as a deploy key. Each needs a key of its own.';
}

/** How to try out a key. */
export function sshTestCommand(hostname: string, port: number): string {
  return port === 22 ? `ssh -T git@${hostname}` : `ssh -T -p ${port} git@${hostname}`;
}
