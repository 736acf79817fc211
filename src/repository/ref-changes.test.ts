import { describe, expect, it } from 'vitest';
import { SHA1 } from '#git/object/object-id.ts';
import { type CheckedCommand, judgeCommands } from './ref-changes.ts';

const ZERO = SHA1.zeroId;
const [A, B, C] = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40)] as const;

function move(name: string, oldId: string, newId: string, knowsOldId = oldId !== ZERO): CheckedCommand {
  return { name, oldId, newId, knowsOldId, peeled: undefined };
}

function judge(refs: Record<string, string>, commands: CheckedCommand[], mode: 'atomic' | 'one by one' = 'one by one') {
  const judged = judgeCommands(commands, new Map(Object.entries(refs)), mode);
  return {
    reasons: judged.outcomes.map((outcome) => (outcome.kind === 'ok' ? 'ok' : outcome.reason)),
    messages: judged.messages,
    changes: judged.changes.map(({ name, oldId, newId }) => [name, oldId, newId]),
  };
}

describe('one by one', () => {
  it.each<[string, Record<string, string>, CheckedCommand, string]>([
    ['creates', {}, move('x', ZERO, A), 'ok'],
    ['moves', { x: A }, move('x', A, B), 'ok'],
    ['deletes', { x: A }, move('x', A, ZERO), 'ok'],
    ['does not create what is there', { x: A }, move('x', ZERO, A), 'reference already exists'],
    ['does not move what is not there', {}, move('x', A, B), 'reference does not exist'],
    ['does not move what moved', { x: C }, move('x', A, B), 'incorrect old value provided'],
    ['does not delete what moved', { x: C }, move('x', A, ZERO), 'incorrect old value provided'],
    ['does not delete what it does not name', { x: A }, move('x', ZERO, ZERO), 'reference already exists'],
    ['does not delete again what is gone', {}, move('x', A, ZERO), 'reference does not exist'],
    ['creates no ref below another', { 'r/a': A }, move('r/a/b', ZERO, A), 'refname conflict'],
    ['creates no ref above another', { 'r/a/b': A }, move('r/a', ZERO, A), 'refname conflict'],
    ['knows a prefix from a folder', { 'r/ab': A, 'r/a-b/c': A }, move('r/a', ZERO, A), 'ok'],
  ])('%s', (_, refs, command, reason) => {
    const judged = judge(refs, [command]);
    expect(judged.reasons).toEqual([reason]);
    expect(judged.changes).toHaveLength(reason === 'ok' ? 1 : 0);
    expect(judged.messages).toHaveLength(reason === 'ok' ? 0 : 1);
  });

  it.each([['r/a/b'], ['r']])('deletes no nothing beside what would be in its way: %s', (name) => {
    const judged = judge({ 'r/a': A }, [{ ...move(name, B, ZERO), knowsOldId: false }]);
    expect(judged.reasons).toEqual(['refname conflict']);
    expect(judged.messages).toHaveLength(2);
  });

  it.each([[ZERO], [A]])('allows to delete what never was, and changes nothing: %s', (oldId) => {
    expect(judge({}, [move('x', oldId, ZERO, false)])).toEqual({
      reasons: ['ok'],
      messages: ['warning: deleting a non-existent ref\n'],
      changes: [],
    });
  });

  it('lets each command see what those before it did', () => {
    const commands = [
      move('r/a', A, ZERO),
      move('r/a/b', ZERO, A),
      move('r/a/b', A, B),
      move('r/a', ZERO, A),
      move('r/c/d', ZERO, A),
      move('r/c', ZERO, A),
    ];
    const judged = judge({ 'r/a': A }, commands);
    expect(judged.reasons).toEqual(['ok', 'ok', 'ok', 'refname conflict', 'ok', 'refname conflict']);
    expect(judged.changes).toEqual([
      ['r/a', A, ZERO],
      ['r/a/b', ZERO, B],
      ['r/c/d', ZERO, A],
    ]);
    expect(judged.messages[0]).toBe("error: cannot lock ref 'r/a': 'r/a/b' exists; cannot create 'r/a'\n");
  });
});

describe('together', () => {
  it('does all', () => {
    const commands = [move('r/b', ZERO, A), move('r/a', A, ZERO)];
    expect(judge({ 'r/a': A }, commands, 'atomic')).toMatchObject({ reasons: ['ok', 'ok'], changes: [{}, {}] });
  });

  it.each([
    ['below', [move('r/a', A, ZERO), move('r/a/b', ZERO, A)]],
    ['below, first', [move('r/a/b', ZERO, A), move('r/a', A, ZERO)]],
  ])('puts nothing in the place of a ref that goes: %s', (_, commands) => {
    const judged = judge({ 'r/a': A }, commands, 'atomic');
    expect(judged.messages).toEqual(["error: cannot lock ref 'r/a/b': 'r/a' exists; cannot create 'r/a/b'\n"]);
    expect(judged.changes).toEqual([]);
  });

  it('does nothing when one fails', () => {
    const judged = judge({ y: A }, [move('x', ZERO, A), move('y', B, C)], 'atomic');
    expect(judged).toEqual({
      reasons: ['atomic transaction failed', 'atomic transaction failed'],
      messages: [`error: cannot lock ref 'y': is at ${A} but expected ${B}\n`],
      changes: [],
    });
  });

  it('does not do a ref twice', () => {
    const judged = judge({ x: A }, [move('x', A, B), move('x', A, B)], 'atomic');
    expect(judged.messages).toEqual(["error: multiple updates for ref 'x' not allowed\n"]);
    expect(judged.changes).toEqual([]);
  });
});
