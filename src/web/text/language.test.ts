import { bundledLanguages } from 'shiki/langs';
import { expect, test } from 'vitest';
import { LANGUAGE_IDS, languageOf, languageOfFence } from './language.ts';

test.each([
  ['main.c', '', 'c'],
  ['Makefile', '', 'make'],
  ['t0001-init.sh', '', 'shellscript'],
  ['git-request-pull', '#!/bin/sh\n', 'shellscript'],
  ['tool', '#!/usr/bin/env -S node --test\n', 'javascript'],
  ['tool', '#!/usr/bin/env python3\n', 'python'],
  ['README.MD', '', 'markdown'],
  ['LICENSE', '', undefined],
  ['c', '', undefined],
])('%s is in its language', (name, text, id) => {
  expect(languageOf(name, text)?.id).toBe(id);
});

test('fences are named by id, extension or shell', () => {
  expect(languageOfFence('ts')?.id).toBe('typescript');
  expect(languageOfFence('rust,ignore')?.id).toBe('rust');
  expect(languageOfFence('bash')?.id).toBe('shellscript');
  expect(languageOfFence('')).toBeUndefined();
});

test('every language has a grammar', () => {
  expect(LANGUAGE_IDS.filter((id) => !Object.hasOwn(bundledLanguages, id))).toEqual([]);
});
