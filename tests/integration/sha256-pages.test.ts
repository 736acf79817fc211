/** Every page and every question of the REST API that names an object, asked of a SHA-256 repository. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrowsingForge } from '../support/browsing-forge.ts';
import { hasDatabase } from '../support/database.ts';

describe.skipIf(!hasDatabase)('the doors of a SHA-256 repository', () => {
  let forge: BrowsingForge;
  let work: string;

  beforeAll(async () => {
    forge = await BrowsingForge.start();
    work = await forge.publish('long', 'public', 'sha256');
  }, 120_000);

  afterAll(async () => {
    await forge?.[Symbol.asyncDispose]();
  });

  function id(revision: string): string {
    return execFileSync('git', ['-C', work, 'rev-parse', revision]).toString().trim();
  }

  async function get(address: string): Promise<string> {
    const response = await fetch(`${forge.url}${address}`);
    const text = await response.text();
    expect([address, response.status]).toEqual([address, 200]);
    return text;
  }

  it('shows its pages', async () => {
    const tip = id('main');
    expect(tip).toMatch(/^[0-9a-f]{64}$/);
    expect(await get('/ada/long')).toContain(tip);
    expect(await get('/ada/long/commits')).toContain(tip);
    expect(await get(`/ada/long/commits/${tip}`)).toContain('Build the engine');
    expect(await get(`/ada/long/commit/${tip}`)).toContain('Turn faster');
    expect(await get(`/ada/long/commit/${tip.slice(0, 12)}`)).toContain('Turn faster');
    expect(await get(`/ada/long/tree/${tip}/docs`)).toContain('guide.md');
    expect(await get(`/ada/long/blob/${id('main~1')}/wheel.ts`)).toContain('turn');
    expect(await get('/ada/long/blob/main/wheel.ts')).toContain('turn');
    expect(await get('/ada/long/branches')).toContain('main');
    expect(await get('/ada/long/tags')).toContain('v1.0');
    expect(await get(`/ada/long/raw/${tip}/docs/guide.md`)).toContain('Turn the handle');
  });

  it('answers the REST API', async () => {
    const root = '/api/v3/repos/ada/long';
    const json = async (address: string) => JSON.parse(await get(`${root}${address}`));
    const tip = id('main');
    expect(await json('')).toMatchObject({ object_format: 'sha256', default_branch: 'main' });
    expect(await json('/commits/main')).toMatchObject({ sha: tip, parents: [{ sha: id('main~1') }] });
    expect(await json(`/commits/${tip}`)).toMatchObject({ sha: tip });
    expect(await json('/commits')).toHaveLength(2);
    expect(await json(`/git/commits/${tip}`)).toMatchObject({ tree: { sha: id('main^{tree}') } });
    expect(await json(`/git/trees/${tip}?recursive=1`)).toMatchObject({ truncated: false });
    expect(await json(`/git/blobs/${id('main:wheel.ts')}`)).toMatchObject({ encoding: 'base64' });
    expect(await json(`/git/tags/${id('v1.0')}`)).toMatchObject({ object: { sha: id('v1.0^{}') } });
    expect(await json('/git/ref/heads/main')).toMatchObject({ object: { sha: tip } });
    expect(await json('/contents/docs/guide.md')).toMatchObject({ sha: id('main:docs/guide.md') });
    expect(await json('/branches/main')).toMatchObject({ commit: { sha: tip } });
  });

  it('begins with a commit when asked to', async () => {
    const login = { authorization: `token browsing-forge-token-0123456789`, 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'begun', auto_init: true, object_format: 'sha256' });
    const made = await fetch(`${forge.url}/api/v3/user/repos`, { method: 'POST', headers: login, body });
    expect(made.status).toBe(201);
    const commits = JSON.parse(await get('/api/v3/repos/ada/begun/commits'));
    expect(commits).toMatchObject([{ sha: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    const ref = { ref: 'refs/heads/other', sha: commits[0].sha };
    const address = `${forge.url}/api/v3/repos/ada/begun/git/refs`;
    const moved = await fetch(address, { method: 'POST', headers: login, body: JSON.stringify(ref) });
    expect(moved.status).toBe(201);
  });
});
