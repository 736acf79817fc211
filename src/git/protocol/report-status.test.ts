import { expect, it } from 'vitest';
import { type PushReport, reportStatus } from './report-status.ts';

const FLUSH = { kind: 'flush' };
const REPORT: PushReport = {
  unpackError: undefined,
  refs: [
    { kind: 'ok', name: 'refs/heads/a' },
    {
      kind: 'ok',
      name: 'refs/heads/b',
      options: { oldId: 'x', newId: 'y', refName: 'refs/heads/c', forcedUpdate: true },
    },
    { kind: 'rejected', name: 'refs/heads/d', reason: 'fetch first' },
  ],
};

it('reports in the first version', () => {
  const lines = ['unpack ok\n', 'ok refs/heads/a\n', 'ok refs/heads/b\n', 'ng refs/heads/d fetch first\n', FLUSH];
  expect([...reportStatus(REPORT, 'v1')]).toEqual(lines);
});

it('adds options in the second', () => {
  expect([...reportStatus(REPORT, 'v2')].slice(3, 7)).toEqual([
    'option refname refs/heads/c\n',
    'option old-oid x\n',
    'option new-oid y\n',
    'option forced-update\n',
  ]);
});

it('keeps a reason on its line and within a pkt', () => {
  const report = { unpackError: `bad\nok refs/heads/a\r\n${'x'.repeat(100_000)}`, refs: [] };
  const [line] = [...reportStatus(report, 'v1')];
  expect(line).toMatch(/^unpack bad ok refs\/heads\/a x+\n$/);
  expect(line).toHaveLength('unpack '.length + 1_000 + 1);
});
