import { expect, test } from 'vitest';
import { linkifyText, splitCommitMessage } from './commit-message.ts';

test.each([
  ['one line\n', 'one line', ''],
  ['subject\n\nbody\n\nmore\n', 'subject', 'body\n\nmore'],
  ['a subject\non two lines\n\nbody', 'a subject on two lines', 'body'],
  ['\n\nlate\r\n\r\nbody\r\n', 'late', 'body'],
  ['subject\n  \n    code\n', 'subject', '    code'],
  ['', '', ''],
])('splits %j', (message, subject, body) => {
  expect(splitCommitMessage(message)).toEqual({ subject, body });
});

test('links web addresses without the full stop after them', () => {
  expect(linkifyText('See https://example.com/a?b=1&c=2. <b>')).toBe(
    'See <a href="https://example.com/a?b=1&amp;c=2" rel="nofollow noopener">https://example.com/a?b=1&amp;c=2</a>. &lt;b&gt;',
  );
});

test('an address cannot leave its attribute', () => {
  expect(linkifyText('https://x.example/"onmouseover="pwned=1')).not.toMatch(/<a [^>]*onmouseover/);
});
