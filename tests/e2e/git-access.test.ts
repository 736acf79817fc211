/**
 * What pages have to do with git's doors, where git over SSH is on: keys and deploy keys, git settings, addresses to clone from,
 * files in Git LFS.
 */
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
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

/** A picture of one pixel. */
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe.skipIf(!(hasBrowser && hasDatabase && hasSsh))('git in a browser', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ssh-keys-'));
  let forge: BrowsingForge;
  let browser: Browser;
  let sshPort: number;
  /** Where the repository was made. */
  let work: string;

  beforeAll(async () => {
    sshPort = await findFreePort();
    [forge, browser] = await Promise.all([BrowsingForge.start({ SSH_PORT: String(sshPort) }), launchBrowser()]);
    work = await forge.publish('engine', 'public');
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
    expect(await page.locator('main').textContent()).toContain('You have no key here');
    await page.getByLabel('Public key').fill(readFileSync(`${key}.pub`, 'utf8'));
    await page.getByRole('button', { name: 'Add key' }).click();
    expect(await page.getByRole('status').textContent()).toContain(`ssh -T -p ${sshPort} git@localhost`);
    expect(await page.locator('.credential-title strong').textContent()).toBe('desk');
    expect(greetingFor(key)).toContain('Hi ada!');
    expect(await findAccessibilityFaults(await open(page.url()))).toEqual([]);
    expect(await (await fetch(`${forge.url}/ada.keys`)).text()).toBe(`${publicKeyOf(key)}\n`);
    await remove(page, 'desk');
    expect(await page.getByRole('status').textContent()).toContain('The key is removed.');
    expect(greetingFor(key)).toContain('Permission denied');
  });

  test('a key that cannot be comes back with the reason beside it, and what was typed', async () => {
    const page = await open('/settings/keys');
    const taken = readFileSync(`${makeKey('taken')}.pub`, 'utf8');
    await page.getByLabel('Public key').fill(taken);
    await page.getByRole('button', { name: 'Add key' }).click();
    for (const [line, reason] of [
      ['ssh-dss AAAA', 'DSA keys are not secure'],
      [shortRsaLine(), 'An RSA key needs 2048 bits'],
      ['hello', 'This is no public key'],
      ['-----BEGIN OPENSSH PRIVATE KEY-----', 'This is a private key'],
      [taken, 'This key is here already: it is “taken”.'],
    ] as const) {
      await page.getByLabel('Public key').fill(line);
      await page.getByLabel('What machine').fill('Old');
      await page.getByRole('button', { name: 'Add key' }).click();
      expect(await page.locator('.field-error').textContent()).toContain(reason);
      expect(await page.getByLabel('Public key').inputValue()).toBe(line.trim());
      expect(await page.getByLabel('What machine').inputValue()).toBe('Old');
      expect(await page.getByLabel('Public key').evaluate((field) => field === document.activeElement)).toBe(true);
    }
    expect(await findAccessibilityFaults(page)).toEqual([]);
    await page.goto('/ada/engine/settings/keys');
    await page.getByLabel('Public key').fill(taken);
    await page.getByLabel('May push').check();
    await page.getByRole('button', { name: 'Add deploy key' }).click();
    expect(await page.locator('.field-error').textContent()).toContain('in use already');
    expect(await page.getByLabel('May push').isChecked()).toBe(true);
  });

  test('a key that lives on a security key is taken, and said to', async () => {
    const page = await open('/settings/keys');
    await page.getByLabel('Public key').fill(`${securityKeyLine()} ada@stick`);
    await page.getByRole('button', { name: 'Add key' }).click();
    const row = page.locator('.credential-list > li', { hasText: 'ada@stick' });
    expect(await row.locator('.tag').textContent()).toBe('ED25519 on a security key');
  });

  test('a question stands before the end of a key, and Escape takes it back', async () => {
    const page = await open('/settings/keys');
    await page.getByLabel('Public key').fill(readFileSync(`${makeKey('kept')}.pub`, 'utf8'));
    await page.getByRole('button', { name: 'Add key' }).click();
    await page.getByLabel('Remove kept').focus();
    await page.keyboard.press('Enter');
    expect(await page.getByRole('button', { name: 'Remove this key' }).isVisible()).toBe(true);
    expect(await findAccessibilityFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('button', { name: 'Remove this key' }).isVisible()).toBe(false);
    expect(await page.locator('.credential-title strong').allTextContents()).toContain('kept');
  });

  test('a deploy key reads unless it is said to write', async () => {
    const page = await open('/ada/engine/settings');
    await page.getByRole('link', { name: 'Deploy keys' }).click();
    for (const [title, writes] of [
      ['reader', false],
      ['writer', true],
    ] as const) {
      await page.getByLabel('Public key').fill(readFileSync(`${makeKey(title)}.pub`, 'utf8'));
      if (writes) await page.getByLabel('May push').check();
      await page.getByRole('button', { name: 'Add deploy key' }).click();
    }
    const tags = await page
      .locator('.credential-list > li')
      .evaluateAll((rows) => rows.map((row) => row.querySelectorAll('.tag')[1]?.textContent));
    expect(tags).toEqual(['Reads and writes', 'Read-only']);
    await remove(page, 'writer');
    expect(await page.locator('.credential-title strong').allTextContents()).toEqual(['reader']);
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

  test('git settings are saved, refused and reset; without script', async () => {
    const page = await open();
    await page.goto('/ada/engine/settings/git');
    const pushes = page.locator('section', { has: page.locator('#push') });
    const setting = (name: string) => pushes.getByLabel(name, { exact: true });
    await setting('receive.denyDeletes').selectOption('true');
    await setting('receive.maxInputSize').fill('10m');
    await pushes.getByRole('button', { name: 'Save' }).click();
    expect(await pushes.getByRole('status').textContent()).toContain('Saved.');
    expect(await setting('receive.maxInputSize').inputValue()).toBe('10485760');
    expect(await page.locator('.setting-row', { hasText: 'Changed' }).locator('label').allTextContents()).toEqual(
      expect.arrayContaining([expect.stringContaining('receive.denyDeletes')]),
    );
    expect(deletionOutput()).toContain('deletion prohibited');

    await setting('receive.maxInputSize').fill('a lot');
    await setting('receive.denyDeletes').selectOption('false');
    await pushes.getByRole('button', { name: 'Save' }).click();
    expect(await pushes.locator('.field-error').textContent()).toContain('receive.maxInputSize is a whole number');
    expect(await setting('receive.maxInputSize').inputValue()).toBe('a lot');
    expect(await setting('receive.denyDeletes').inputValue()).toBe('false');
    expect(deletionOutput()).toContain('deletion prohibited');

    await page.goto('/ada/engine/settings/git');
    await page.getByRole('button', { name: 'Reset receive.denyDeletes' }).click();
    expect(await setting('receive.denyDeletes').inputValue()).toBe('');
    expect(await setting('receive.maxInputSize').inputValue()).toBe('10485760');
    expect(await page.getByRole('button', { name: /^Reset / }).count()).toBe(1);
    // The Enter key saves: it presses no button that resets.
    await setting('receive.maxInputSize').fill('20m');
    await setting('receive.maxInputSize').press('Enter');
    expect(await setting('receive.maxInputSize').inputValue()).toBe('20971520');
  });

  test('a file in Git LFS is shown for what it is, and downloaded', async () => {
    await forge.publishLargeFile(work, 'dot.png', DOT, 'uploaded');
    await forge.publishLargeFile(work, 'lost.psd', Buffer.from('never uploaded'), 'missing');
    const page = await open('/ada/engine/blob/main/dot.png');
    const file = page.locator('.file');
    const width = () => file.locator('img').evaluate((image: HTMLImageElement) => image.naturalWidth);
    await expect.poll(width).toBe(1);
    expect(await file.textContent()).toContain(createHash('sha256').update(DOT).digest('hex'));
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      file.getByRole('link', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('dot.png');
    expect(readFileSync(await download.path()).equals(DOT)).toBe(true);
    expect(await findAccessibilityFaults(page)).toEqual([]);
    await file.getByRole('link', { name: 'Code' }).click();
    expect(await file.textContent()).toContain('version https://git-lfs.github.com/spec/v1');
    await page.goto('/ada/engine/blob/main/lost.psd');
    expect(await file.textContent()).toContain('This file was never uploaded');
    expect(await file.getByRole('link', { name: 'Download' }).count()).toBe(0);
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

  async function remove(page: Page, title: string): Promise<void> {
    await page.getByLabel(`Remove ${title}`).click();
    await page.getByRole('button', { name: 'Remove this key' }).click();
  }

  /** What git says to the deletion of a branch. */
  function deletionOutput(): string {
    const commands = 'git push -q "$0" HEAD:refs/heads/extra && git push "$0" :refs/heads/extra 2>&1 || true';
    return execFileSync('sh', ['-c', commands, forge.pushUrl('engine')], { cwd: work, encoding: 'utf8' });
  }

  /** What `ssh-keygen -t ed25519-sk` writes, which it does only where a security key is plugged in. */
  function securityKeyLine(): string {
    const type = 'sk-ssh-ed25519@openssh.com';
    return keyLine(type, [randomBytes(32), Buffer.from('ssh:')]);
  }

  /** `ssh-keygen` makes no such keys any more. */
  function shortRsaLine(): string {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const { e = '', n = '' } = publicKey.export({ format: 'jwk' });
    return keyLine('ssh-rsa', [
      Buffer.from(e, 'base64url'),
      Buffer.concat([Buffer.of(0), Buffer.from(n, 'base64url')]),
    ]);
  }

  function keyLine(type: string, values: readonly Buffer[]): string {
    const fields = [Buffer.from(type), ...values];
    const lengths = fields.map((field) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(field.length);
      return length;
    });
    const blob = Buffer.concat(fields.flatMap((field, index) => [lengths[index] ?? Buffer.alloc(0), field]));
    return `${type} ${blob.toString('base64')}`;
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
