/** The authorities whose certificates are believed: OpenSSH's `TrustedUserCAKeys` — sshd_config(5). */
import { existsSync, readFileSync } from 'node:fs';
import { parseSshKeyLine } from '#auth/ssh-key.ts';

/**
 * @param given public keys, one a line, or the path of a file with them
 * @returns their base64, or what is wrong, as a sentence that continues "SSH_TRUSTED_CA_KEYS"
 */
export function readAuthorities(given: string): ReadonlySet<string> | { readonly fault: string } {
  const isText = /^\s*(?:#|(?:ssh-|ecdsa-|sk-)\S+\s)/.test(given);
  // A setting of one line may have its line ends written out.
  const text = isText ? given.replaceAll('\\n', '\n') : readFile(given);
  if (text === undefined) return { fault: 'has neither public keys nor the path of a file that can be read.' };
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  const authorities = new Set<string>();
  for (const line of lines) {
    const parsed = parseSshKeyLine(line);
    if (parsed.kind === 'invalid') return { fault: `has a line that is no public key. ${parsed.reason}` };
    authorities.add(parsed.key.publicKey.split(' ')[1] ?? '');
  }
  return authorities.size === 0 ? { fault: 'has no public key.' } : authorities;
}

function readFile(path: string): string | undefined {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
