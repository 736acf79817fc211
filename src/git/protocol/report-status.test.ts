import { expect, it } from 'vitest';
import { type PushReport, reportStatus } from './report-status.ts';

const FLUSH = { kind: 'flush' };
const REPORT: PushReport = {
  unpackError: undefined,
  refs: [
    { kind: 'ok', name: 'refs/heads/a' },
    { kind: 'ok', name: 'refs/heads/b' },
    { kind: 'rejected', name: 'refs/heads/d', reason: 'fetch first' },
  ],
};

it('reports each ref', () => {
  const lines = ['unpack ok\n', 'ok refs/heads/a\n', 'ok refs/heads/b\n', 'ng refs/heads/d fetch first\n', FLUSH];
  expect([...reportStatus(REPORT)]).toEqual(lines);
});

it('keeps a reason on its line and within a pkt', () => {
  const report = { unpackError: `bad\nok refs/heads/a\r\n${'x'.repeat(100_000)}`, refs: [] };
  const [line] = [...reportStatus(report)];
  expect(line).toMatch(/^unpack bad ok refs\/heads\/a x+\n$/);
  expect(line).toHaveLength('unpack '.length + 1_000 + 1);
});
