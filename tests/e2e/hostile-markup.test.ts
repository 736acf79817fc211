/** The corpus of hostile markup in a browser: the unit test knows what must not be there, this one that nothing runs. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOSTILE_MARKUP } from '#web/text/hostile-markup.ts';
import { renderMarkdown } from '#web/text/markdown.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';

const BASE = {
  blobFolder: '/o/r/blob/main/',
  rawFolder: '/o/r/raw/main/',
  blobRoot: '/o/r/blob/main/',
  rawRoot: '/o/r/raw/main/',
};

describe.skipIf(!hasBrowser)('hostile markup', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  test('runs nothing, leads nowhere and takes no name of the page', async () => {
    const page = await browser.newPage();
    await page.route('**/*', (route) => route.abort());
    const found: string[] = [];
    for (const [name, source] of Object.entries(HOSTILE_MARKUP)) {
      // No policy of the server's helps here: the document itself has to be harmless.
      await page.setContent(`<!doctype html><main>${renderMarkdown(source, BASE)}</main>`);
      await page.evaluate(() => {
        for (const element of document.querySelectorAll('main *')) {
          element.dispatchEvent(new Event('error'));
          element.dispatchEvent(new Event('load'));
          element.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
        }
      });
      const faults = await page.evaluate(() => [
        ...('pwned' in window ? ['ran'] : []),
        ...(location.href === 'about:blank' ? [] : [`went to ${location.href}`]),
        ...(document.querySelector('main script, main style, main form, main svg, main iframe') ? ['element'] : []),
        ...(typeof document.querySelector !== 'function' || document.currentScript instanceof HTMLImageElement
          ? ['clobbered']
          : []),
      ]);
      found.push(...faults.map((fault) => `${name}: ${fault}`));
    }
    expect(found).toEqual([]);
  });
});
