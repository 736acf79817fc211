import { expect, it } from 'vitest';
import { checkWants, type WantRules } from './want-check.ts';

const RULES: WantRules = {
  tips: new Set(['tip', 'tag', 'blob']),
  hiddenTips: [],
  allows: async (ids) => ids.map((id) => id === 'base'),
};

it.each([[['tip']], [['tag', 'blob']], [['base', 'tip']], [[]]])('gives out %j', async (wants) => {
  await expect(checkWants(wants, RULES)).resolves.toBeUndefined();
});

it.each([['hidden'], ['unknown']])('does not give out %s', async (want) => {
  await expect(checkWants(['tip', 'base', want], RULES)).rejects.toThrow(`upload-pack: not our ref ${want}`);
});

it('gives out hidden tips where that is allowed', async () => {
  await expect(checkWants(['hidden'], { ...RULES, hiddenTips: ['hidden'] })).resolves.toBeUndefined();
});

it('gives out tips alone where nothing more is allowed', async () => {
  const rules = { ...RULES, allows: undefined };
  await expect(checkWants(['tip'], rules)).resolves.toBeUndefined();
  await expect(checkWants(['tip', 'base'], rules)).rejects.toThrow('not our ref base');
});

it('looks no further for tips', async () => {
  const allows = () => Promise.reject(new Error('looked'));
  await expect(checkWants(['tip', 'tag'], { ...RULES, allows })).resolves.toBeUndefined();
});
