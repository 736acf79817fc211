/** SSH keys and deploy keys in a browser, and the addresses that the pages show, where git over SSH is on. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findAccessibilityFaults } from '../support/accessibility.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { ADMINISTRATOR, BrowsingForge } from '../support/browsing-forge.ts';
import { hasDatabase } from '../support/database.ts';
import { findFreePort } from '../support/server-process.ts';
import { hasSsh } from '../support/ssh-forge.ts';

describe.skipIf(!(hasBrowser && hasDatabase && hasSsh))('keys in a browser', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ssh-keys-'));
  let forge: BrowsingForge;
  let browser: Browser;
  let sshPort: number;

  beforeAll(async () => {
    sshPort = await findFreePort();
    [forge, browser] = await Promise.all([BrowsingForge.start({ SSH_PORT: String(sshPort) }), launchBrowser()]);
    await forge.publish('engine', 'public');
  });
  afterAll(async () => {
    await browser?.close();
    await forge?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  test('a key is added, opens, and is removed; without script', async () => {
    const page = await open();
    const key = makeKey('desk');
    await page.goto('/settings/keys');
    expect(await page.locator('main').textContent()).toContain('You have no key here.');
    await page.getByLabel('Public key').fill(readFileSync(`${key}.pub`, 'utf8'));
    await page.getByRole('button', { name: 'Add key' }).click();
    expect(await page.getByRole('status').textContent()).toContain(`ssh -T -p ${sshPort} git@localhost`);
    expect(await page.locator('tbody strong').textContent()).toBe('desk');
    expect(greetingFor(key)).toContain('Hi ada!');
    expect(await findAccessibilityFaults(await open(page.url()))).toEqual([]);
    expect(await (await fetch(`${forge.url}/ada.keys`)).text()).toBe(`${publicKeyOf(key)}\n`);
    await page.getByRole('button', { name: 'Remove desk' }).click();
    expect(await page.getByRole('status').textContent()).toContain('The key is removed.');
    expect(greetingFor(key)).toContain('Permission denied');
  });

  test('a key that cannot be comes back with the reason beside it', async () => {
    const page = await open('/settings/keys');
    await page.getByLabel('Public key').fill('ssh-dss AAAA');
    await page.getByLabel('What machine').fill('Old');
    await page.getByRole('button', { name: 'Add key' }).click();
    expect(await page.locator('.field-error').textContent()).toContain('DSA keys are not secure');
    expect(await page.getByLabel('Public key').inputValue()).toBe('ssh-dss AAAA');
    expect(await page.getByLabel('What machine').inputValue()).toBe('Old');
  });

  test('a deploy key reads unless it is said to write', async () => {
    const page = await open('/ada/engine/settings');
    await page.getByRole('link', { name: 'Manage deploy keys' }).click();
    for (const [title, writes] of [
      ['reader', false],
      ['writer', true],
    ] as const) {
      await page.getByLabel('Public key').fill(readFileSync(`${makeKey(title)}.pub`, 'utf8'));
      if (writes) await page.getByLabel('May push').check();
      await page.getByRole('button', { name: 'Add deploy key' }).click();
    }
    const tags = await page
      .locator('tbody tr')
      .evaluateAll((rows) => rows.map((row) => row.querySelectorAll('.tag')[1]?.textContent));
    expect(tags).toEqual(['reads and writes', 'read-only']);
    await page.getByRole('button', { name: 'Remove writer' }).click();
    expect(await page.locator('tbody strong').allTextContents()).toEqual(['reader']);
  });

  test('the clone box switches between the addresses', async () => {
    const page = await open('/ada/engine');
    const box = page.locator('.clone');
    const shown = async () =>
      (await box.locator('.copyable:visible').allTextContents()).map((text) => text.replaceAll(/\s+/g, ' ').trim());
    expect(await shown()).toEqual([`git clone ${forge.url}/ada/engine.git`]);
    await box.getByText('SSH', { exact: true }).click();
    expect(await shown()).toEqual([`git clone ssh://git@localhost:${sshPort}/ada/engine.git`]);
    expect(await findAccessibilityFaults(await open('/ada/engine'))).toEqual([]);
  });

  /** Signed in, and without script unless an address is given to look at. */
  async function open(address?: string): Promise<Page> {
    const context = await browser.newContext({ baseURL: forge.url, javaScriptEnabled: address !== undefined });
    const page = await context.newPage();
    await page.goto('/login?return_to=/new');
    await page.getByLabel('Username').fill(ADMINISTRATOR.login);
    await page.getByLabel('Password').fill(ADMINISTRATOR.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    if (address !== undefined) await page.goto(address);
    return page;
  }

  function makeKey(comment: string): string {
    const file = path.join(folder, comment);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
    return file;
  }

  function publicKeyOf(file: string): string {
    return readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  }

  function greetingFor(key: string): string {
    const options = ['-F', 'none', '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no'];
    const known = ['-o', 'UserKnownHostsFile=/dev/null', '-i', key, '-p', String(sshPort), 'git@127.0.0.1', '2>&1'];
    return execFileSync('sh', ['-c', `ssh ${[...options, ...known].join(' ')} || true`], { encoding: 'utf8' });
  }
});
