import { expect, test } from 'vitest';
import { parseCommit } from '#git/object/commit.ts';
import { SHA1 } from '#git/object/object-id.ts';
import { commitHead } from './commit-head.ts';

const commit = (author: string, committer: string) =>
  parseCommit(
    Buffer.from(
      `tree ${'a'.repeat(40)}\nauthor ${author} 10 +0000\ncommitter ${committer} 20 +0000\n\nTurn\n\nFaster.\n`,
    ),
    SHA1,
  );

test('one person is named once', () => {
  const head = commitHead(commit('Ada <a@x>', 'Ada <a@x>'));
  expect(head).toMatchObject({ subject: 'Turn', body: 'Faster.' });
  expect(head.people.map(({ name, deed }) => `${name} ${deed}`)).toEqual(['Ada committed']);
});

test('author and committer are told apart, and the nameless by their address', () => {
  const head = commitHead(commit('Ada <a@x>', '<b@x>'));
  expect(head.people.map(({ name, deed }) => `${name} ${deed}`)).toEqual(['Ada wrote it', 'b@x committed it']);
});
