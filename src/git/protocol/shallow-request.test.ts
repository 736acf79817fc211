import { describe, expect, test } from 'vitest';
import { SHA1 } from '#git/object/object-id.ts';
import { ShallowLines } from './shallow-request.ts';

const ID = 'a'.repeat(40);

function parse(...lines: string[]) {
  const shallow = new ShallowLines(SHA1);
  for (const line of lines) expect(shallow.take(line)).toBe(true);
  return shallow.finish(false);
}

describe('shallow lines', () => {
  test('say what the client has and wants', () => {
    expect(parse(`shallow ${ID}`, `shallow ${ID}`, 'deepen 3')).toMatchObject({ clientShallow: [ID], depth: 3 });
    expect(parse('deepen-since 1700000000', 'deepen-not main')).toMatchObject({
      byRevisions: true,
      sinceSeconds: 1_700_000_000,
      notLines: ['deepen-not main'],
    });
  });

  test.each([
    ['deepen 0x10', 16],
    ['deepen 010', 8],
    ['deepen  +7', 7],
    ['deepen 2147483647', 2_147_483_647],
    ['deepen 4294967297', 1],
  ])('read numbers as C does: %s', (line, depth) => {
    expect(parse(line).depth).toBe(depth);
  });

  test.each([
    ['deepen 0', 'Invalid deepen: deepen 0'],
    ['deepen -1', 'Invalid deepen: deepen -1'],
    ['deepen x', 'Invalid deepen: deepen x'],
    ['deepen 1x', 'Invalid deepen: deepen 1x'],
    ['deepen 2147483648', 'Invalid deepen: deepen 2147483648'],
    ['deepen-since x', 'Invalid deepen-since: deepen-since x'],
    ['shallow x', 'invalid shallow line: shallow x'],
  ])('that are none are refused in git’s words: %s', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  test('leave other lines alone', () => {
    expect(new ShallowLines(SHA1).take('want x')).toBe(false);
  });
});
