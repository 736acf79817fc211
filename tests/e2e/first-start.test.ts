/** A forge with nothing in it, in a browser: from the code that the start prints to a repository, and what a broken disk looks like. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findAccessibilityFaults } from '../support/accessibility.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { ForgeProcess } from '../support/forge-process.ts';

const PASSWORD = 'difference engine';

describe.skipIf(!hasBrowser)('the first start', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'first-start-'));
  const settings = { DATA_DIR: path.join(folder, 'data') };
  let forge: ForgeProcess;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [forge, browser] = await Promise.all([ForgeProcess.start({ settings }), launchBrowser()]);
    page = await (await browser.newContext()).newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await forge?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('whoever has the code becomes the administrator, and is signed in', async () => {
    const code = /enter the code (\S+)/.exec(forge.output)?.[1] ?? '';
    await page.goto(`${forge.url}/setup`);
    expect(await findAccessibilityFaults(page)).toEqual([]);
    await fillIn(page, 'wrong');
    expect(await page.locator('.field-error').textContent()).toContain('not the code');
    await fillIn(page, code);
    await page.waitForURL(`${forge.url}/`);
    await page.locator('summary[aria-label="Account ada"]').waitFor();
    expect((await page.goto(`${forge.url}/setup`))?.status()).toBe(404);
  });

  test('a page that fails says so, and names the request for whoever runs the site', async () => {
    const address = `${forge.url.replace('//', `//ada:${encodeURIComponent(PASSWORD)}@`)}/ada/engine.git`;
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
    const git = (...args: string[]) => execFileSync('git', ['-C', path.join(folder, 'work'), ...args]);
    execFileSync('git', ['init', '-q', '-b', 'main', path.join(folder, 'work')]);
    git(...identity, 'commit', '-q', '--allow-empty', '-m', 'Begin');
    git('push', '-q', address, 'main');
    expect((await page.goto(`${forge.url}/ada/engine`))?.status()).toBe(200);

    await forge.stop();
    rmSync(path.join(settings.DATA_DIR, 'blobs'), { recursive: true });
    forge = await ForgeProcess.start({ settings });
    // The session outlives the restart.
    const response = await page.goto(`${forge.url}/ada/engine`);
    expect(response?.status()).toBe(500);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('The server ran into an error');
    const requestId = (await page.locator('.center-page .code').last().textContent()) ?? '';
    expect(forge.output).toContain(requestId);
    expect(await findAccessibilityFaults(page)).toEqual([]);
  });
});

async function fillIn(page: Page, code: string): Promise<void> {
  await page.getByLabel('One-time code').fill(code);
  await page.getByLabel('Username').fill('ada');
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button').last().click();
}
