import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { generateHostKey, readHostKey } from './host-key.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'host-key-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a key is taken as text, as one line, and from a file', () => {
  const key = generateHostKey();
  const file = path.join(folder, 'key');
  writeFileSync(file, key.replaceAll('\n', '\r\n'));
  for (const given of [key, key.replaceAll('\n', '\\n'), file]) expect(readHostKey(given)).toEqual({ key: key.trim() });
});

test('two keys are not the same', () => {
  expect(generateHostKey()).not.toBe(generateHostKey());
});

test.each([
  ['a file that is not there', '/nowhere/key', /neither a private key nor the path/],
  ['a folder', folder, /neither a private key nor the path/],
  [
    'another format',
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }),
    /no private key of OpenSSH/,
  ],
  ['junk', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----', /no private key of OpenSSH/],
])('%s is refused', (_, given, fault) => {
  expect(readHostKey(String(given))).toEqual({ fault: expect.stringMatching(fault) });
});
