import { expect, test } from 'vitest';
import { deployKeyItem, keyFormErrors, sshTestCommand } from './ssh-key.ts';

const RECORD = {
  id: 1,
  title: 'CI',
  publicKey: 'ssh-ed25519 AAAA',
  fingerprint: 'SHA256:x',
  createdAt: new Date(0),
  lastUsedAt: undefined,
  readOnly: true,
};

test('a deploy key shows what it is and may', () => {
  expect(deployKeyItem(RECORD)).toMatchObject({ algorithm: 'ED25519', access: 'read-only' });
  expect(deployKeyItem({ ...RECORD, readOnly: false, publicKey: 'x-new AAAA' })).toMatchObject({
    algorithm: 'x-new',
    access: 'read-write',
  });
});

test('each outcome that adds nothing names the field that is wrong', () => {
  expect(Object.keys(keyFormErrors({ kind: 'in-use' }, '', []))).toEqual(['key']);
  expect(Object.keys(keyFormErrors({ kind: 'too-many' }, '', []))).toEqual(['key']);
  expect(keyFormErrors({ kind: 'invalid', field: 'title', reason: 'No.' }, '', [])).toEqual({ title: 'No.' });
});

test('a key that its holder has already is named; one of others is not', () => {
  const own = { ...deployKeyItem(RECORD), title: 'CI' };
  const errorFor = (line: string) => keyFormErrors({ kind: 'in-use' }, line, [own])['key'];
  expect(errorFor(' ssh-ed25519  AAAA ada@desk')).toContain('“CI”');
  expect(errorFor('ssh-ed25519 BBBB')).not.toContain('CI');
});

test('the usual port is not named', () => {
  expect(sshTestCommand('forge.example', 22)).toBe('ssh -T git@forge.example');
  expect(sshTestCommand('forge.example', 2222)).toBe('ssh -T -p 2222 git@forge.example');
});
