import { expect, test } from 'vitest';
import { deployKeyItem, keyFormErrors, sshTestCommand } from './ssh-key.ts';

test('a deploy key shows what it is and may', () => {
  const record = {
    id: 1,
    title: 'CI',
    publicKey: 'ssh-ed25519 AAAA',
    fingerprint: 'SHA256:x',
    createdAt: new Date(0),
    lastUsedAt: undefined,
    readOnly: true,
  };
  expect(deployKeyItem(record)).toMatchObject({ algorithm: 'ED25519', access: 'read-only' });
  expect(deployKeyItem({ ...record, readOnly: false, publicKey: 'x-new AAAA' })).toMatchObject({
    algorithm: 'x-new',
    access: 'read-write',
  });
});

test('each outcome that adds nothing names the field that is wrong', () => {
  expect(Object.keys(keyFormErrors({ kind: 'in-use' }))).toEqual(['key']);
  expect(Object.keys(keyFormErrors({ kind: 'too-many' }))).toEqual(['key']);
  expect(keyFormErrors({ kind: 'invalid', field: 'title', reason: 'No.' })).toEqual({ title: 'No.' });
});

test('the usual port is not named', () => {
  expect(sshTestCommand('forge.example', 22)).toBe('ssh -T git@forge.example');
  expect(sshTestCommand('forge.example', 2222)).toBe('ssh -T -p 2222 git@forge.example');
});
