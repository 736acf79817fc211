/** The key by which clients know the server again. */
import { existsSync, readFileSync } from 'node:fs';
import ssh2 from 'ssh2';

/** Makes a key in OpenSSH's format. ed25519, which every client of the last ten years knows. */
export function generateHostKey(): string {
  return ssh2.utils.generateKeyPairSync('ed25519', { comment: 'OpenCodeHub' }).private;
}

/**
 * @param given the text of a private key, or the path of a file with one
 * @returns the text, or what is wrong, as a sentence that continues "SSH_HOST_KEY"
 */
export function readHostKey(given: string): { readonly key: string } | { readonly fault: string } {
  // A setting of one line may have its line ends written out.
  const text = given.includes('PRIVATE KEY') ? given.replaceAll('\\n', '\n') : readFile(given);
  if (text === undefined) return { fault: 'is neither a private key nor the path of a file that can be read.' };
  const key = text.replaceAll('\r\n', '\n').trim();
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) {
    return { fault: 'is no private key of OpenSSH without a passphrase, as `ssh-keygen -t ed25519 -N ""` makes one.' };
  }
  if (!parsed.isPrivateKey()) return { fault: 'is a public key, and the private one is needed.' };
  if (parsed.type === 'ssh-dss') return { fault: 'is a DSA key, which clients refuse.' };
  return { key };
}

function readFile(path: string): string | undefined {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
