import { expect, test } from 'vitest';
import { linkifyText } from './commit-message.ts';

test('links web addresses without the full stop after them', () => {
  expect(linkifyText('See https://example.com/a?b=1&c=2. <b>')).toBe(
    'See <a href="https://example.com/a?b=1&amp;c=2" rel="nofollow noopener">https://example.com/a?b=1&amp;c=2</a>. &lt;b&gt;',
  );
});

test('an address cannot leave its attribute', () => {
  expect(linkifyText('https://x.example/"onmouseover="pwned=1')).not.toMatch(/<a [^>]*onmouseover/);
});
