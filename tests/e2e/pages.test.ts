/** The pages in a browser: what a person does first, with and without script, and whether everybody can read them. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findAccessibilityFaults } from '../support/accessibility.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { ADMINISTRATOR, BrowsingForge, ODD_NAMES } from '../support/browsing-forge.ts';
import { hasDatabase } from '../support/database.ts';

const PUBLIC_PAGES = [
  '/',
  '/login',
  '/signup',
  '/design',
  '/ada',
  '/ada/engine',
  '/ada/engine/tree/main/docs',
  '/ada/engine/blob/main/wheel.ts',
  '/ada/engine/blob/main/docs/guide.md',
  '/ada/engine/commits/main',
  '/ada/engine/commit/main',
  '/ada/engine/branches',
  '/ada/engine/tags',
  '/nobody/nothing',
  '/403',
  '/500',
];
const OWN_PAGES = [
  '/',
  '/new',
  '/organizations/new',
  '/settings/profile',
  '/settings/password',
  '/settings/tokens',
  '/settings/keys',
  '/ada/engine/settings',
  '/ada/engine/settings/git',
  '/ada/engine/settings/keys',
  '/ada/empty',
];
const REPOSITORY_PATHS = [
  '/raw/main/wheel.ts',
  '',
  '/tree/main',
  '/blob/main/wheel.ts',
  '/commits/main',
  '/commit/main',
  '/branches',
  '/tags',
  '/settings',
  '/settings/keys',
];

describe.skipIf(!(hasBrowser && hasDatabase))('the pages', () => {
  let forge: BrowsingForge;
  let browser: Browser;

  beforeAll(async () => {
    [forge, browser] = await Promise.all([BrowsingForge.start(), launchBrowser()]);
    await forge.publish('engine', 'public');
    await forge.publish('secret', 'private');
  });
  afterAll(async () => {
    await browser?.close();
    await forge?.[Symbol.asyncDispose]();
  });

  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context: BrowserContext = await browser.newContext({ baseURL: forge.url, ...options });
    return context.newPage();
  }

  async function signIn(page: Page): Promise<void> {
    await page.goto('/login?return_to=/new');
    await page.getByLabel('Username').fill(ADMINISTRATOR.login);
    await page.getByLabel('Password').fill(ADMINISTRATOR.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/new');
  }

  test('one signs in, creates a repository and a token, and signs out, all without script', async () => {
    const page = await open({ javaScriptEnabled: false });
    await page.goto('/login');
    await page.getByLabel('Username').fill(ADMINISTRATOR.login);
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('do not go together');
    expect(await page.getByLabel('Username').inputValue()).toBe(ADMINISTRATOR.login);

    await signIn(page);
    await page.getByLabel('Name', { exact: true }).fill('engine');
    await page.getByRole('button', { name: 'Create repository' }).click();
    expect(await page.locator('.field-error').textContent()).toContain('already');
    await page.getByLabel('Name', { exact: true }).fill('empty');
    await page.getByRole('button', { name: 'Create repository' }).click();
    await page.waitForURL('**/ada/empty');
    expect(await page.locator('pre').first().textContent()).toContain(
      `git remote add origin ${forge.url}/ada/empty.git`,
    );

    await page.goto('/settings/tokens');
    await page.getByLabel('What it is for').fill('laptop');
    await page.getByRole('button', { name: 'Create token' }).click();
    const secret = (await page.locator('.message .copyable code').textContent()) ?? '';
    const me = await fetch(`${forge.url}/api/v3/user`, { headers: { authorization: `token ${secret}` } });
    expect(await me.json()).toMatchObject({ login: 'ada' });
    await page.getByLabel('Revoke laptop').click();
    await page.getByRole('button', { name: 'Revoke this token' }).click();
    await page.waitForURL('**/settings/tokens?done=revoked');
    const revoked = await fetch(`${forge.url}/api/v3/user`, { headers: { authorization: `token ${secret}` } });
    expect(revoked.status).toBe(401);

    await page.locator('summary[aria-label="Account ada"]').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto('/new');
    expect(new URL(page.url()).pathname).toBe('/login');
  });

  test('one browses from the front page to a line of a file', async () => {
    const page = await open({ javaScriptEnabled: false });
    await page.goto('/');
    await page.getByRole('link', { name: 'ada / engine' }).click();
    await page.getByRole('heading', { name: 'Engine', exact: true }).waitFor();
    expect(await page.locator('.prose pre i.hk').first().textContent()).toBe('const');
    await page.getByRole('link', { name: 'the guide' }).click();
    await page.getByRole('heading', { name: 'Guide', exact: true }).waitFor();

    await page.goto('/ada/engine');
    await page.getByRole('link', { name: 'wheel.ts' }).click();
    await page.locator('#L2 .line-number').click();
    expect(page.url()).toBe(`${forge.url}/ada/engine/blob/main/wheel.ts#L2`);
    await page.getByRole('link', { name: 'History' }).click();
    expect(await page.locator('.commit-row').count()).toBe(2);
    await page.getByRole('link', { name: 'Turn faster' }).click();
    expect(await page.locator('tr.removed code').textContent()).toBe('  return wheel + 1;');
    expect(await page.locator('tr.added code b').textContent()).toBe('2');
  });

  test.each(ODD_NAMES)('a file called %j opens by its link', async (name) => {
    const page = await open();
    await page.goto('/ada/engine');
    const links = page.locator('.tree .name a[href*="/blob/"]');
    const hrefs = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
    const href = hrefs.find((candidate) => decodeURIComponent(candidate).endsWith(`/${name}`));
    await page.goto(href ?? '');
    expect(await page.locator('#L1 code').textContent()).toBe(`This is ${JSON.stringify(name)}`);
  });

  test('an account has a picture, and an address without one has none', async () => {
    const picture = await fetch(`${forge.url}/ada.png`);
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(picture.headers.get('cache-control')).toContain('public');
    expect((await fetch(`${forge.url}/nobody.png`)).status).toBe(404);
    const page = await open();
    await page.goto('/ada.png');
    expect(await page.evaluate(() => document.images[0]?.naturalWidth)).toBe(288);
  });

  test('the address to clone from leads a browser to the page, whether or not there is one', async () => {
    for (const name of ['engine', 'missing']) {
      const answer = await fetch(`${forge.url}/ada/${name}.git`, { redirect: 'manual' });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, `/ada/${name}`]);
    }
  });

  test('nothing that a document says runs', async () => {
    const page = await open();
    await page.goto('/ada/engine');
    expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
  });

  test('a range of lines is marked, and made by a click with the shift key', async () => {
    const page = await open();
    await page.goto('/ada/engine/blob/main/wheel.ts#L1-L2');
    await expect.poll(() => page.locator('.line[data-chosen]').count()).toBe(2);
    await page.locator('#L3 .line-number').click({ modifiers: ['Shift'] });
    expect(page.url()).toContain('#L1-L3');
  });

  test.each(REPOSITORY_PATHS)('a stranger is told nothing about /ada/secret%s', async (path) => {
    const [hidden, missing] = await Promise.all(
      ['secret', 'missing'].map((name) => fetch(`${forge.url}/ada/${name}${path}`, { redirect: 'manual' })),
    );
    expect(hidden?.status).toBe(404);
    const text = async (response: Response | undefined) =>
      (await response?.text())?.replaceAll(/secret|missing|[0-9a-f-]{36}/g, '');
    expect(await text(hidden)).toBe(await text(missing));
  });

  test('a form sent from another site is refused', async () => {
    const page = await open();
    await signIn(page);
    const cookies = await page.context().cookies();
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const response = await fetch(`${forge.url}/ada/engine/settings`, {
      method: 'POST',
      headers: { cookie, origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'action=make-private',
    });
    expect(response.status).toBe(403);
  });

  test('sign-in leads to no other site', async () => {
    const page = await open();
    await page.goto('/login?return_to=//evil.example/');
    await page.getByLabel('Username').fill(ADMINISTRATOR.login);
    await page.getByLabel('Password').fill(ADMINISTRATOR.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForLoadState();
    expect(new URL(page.url()).origin).toBe(forge.url);
  });

  test.each(['light', 'dark'] as const)('every page is accessible in %s', { timeout: 120_000 }, async (colorScheme) => {
    const page = await open({ colorScheme });
    const faults: string[] = [];
    const visit = async (paths: readonly string[]) => {
      for (const path of paths) {
        await page.goto(path);
        faults.push(...(await findAccessibilityFaults(page)));
      }
    };
    await visit(PUBLIC_PAGES);
    await signIn(page);
    await visit(OWN_PAGES);
    expect(faults).toEqual([]);
  });

  test('every page fits a phone', async () => {
    const page = await open({ viewport: { width: 360, height: 740 } });
    const tooWide: string[] = [];
    const visit = async (paths: readonly string[]) => {
      for (const path of paths) {
        await page.goto(path);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        if (width > 360) tooWide.push(`${path}: ${width}`);
      }
    };
    await visit(PUBLIC_PAGES);
    await signIn(page);
    await visit(OWN_PAGES);
    expect(tooWide).toEqual([]);
  });
});
