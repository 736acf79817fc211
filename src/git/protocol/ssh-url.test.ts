import { expect, test } from 'vitest';
import { sshUrl } from './ssh-url.ts';

test('the usual port has the short form, others have a URL', () => {
  expect(sshUrl('forge.example', 22, 'ada/engine')).toBe('git@forge.example:ada/engine.git');
  expect(sshUrl('forge.example', 2222, 'ada/engine')).toBe('ssh://git@forge.example:2222/ada/engine.git');
  expect(sshUrl('[::1]', 22, 'ada/engine')).toBe('git@[::1]:ada/engine.git');
});
