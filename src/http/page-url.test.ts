import { expect, test } from 'vitest';
import { routableUrl } from './page-url.ts';

test.each([
  ['/ada/engine/blob/main/a%0Ab?plain=1%25', '/ada/engine/blob/main/a_b?plain=1%25'],
  ['/ada/engine/blob/main/%FF', '/ada/engine/blob/main/_'],
  ['/ada/engine/blob/main/%2e%2e/x', '/ada/engine/blob/main/__/x'],
  ['/ada/engine/blob/main/100%', '/ada/engine/blob/main/100_'],
  ['/ada/engine', '/ada/engine'],
])('%s is routed as %s', (rawUrl, url) => {
  expect(routableUrl(rawUrl)).toBe(url);
});
