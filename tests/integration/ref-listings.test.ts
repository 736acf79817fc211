/** Long lists of refs are made once for all who ask: each still reads what is so at that moment, and for them. */
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { GIT_ENVIRONMENT } from '../support/git-run.ts';
import { request } from '../support/raw-http.ts';

const BRANCHES = Array.from({ length: 300 }, (_, number) => `refs/heads/topic/${String(number).padStart(3, '0')}`);

describe.skipIf(!hasDatabase)('long lists of refs', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;
  let repositoryId: number;

  beforeAll(async () => {
    forge = await GitForge.start();
    scratch = new ScratchRepository();
    scratch.git(['commit', '-q', '--allow-empty', '-m', 'One']);
    for (const name of BRANCHES) scratch.git(['update-ref', name, 'HEAD']);
    scratch.git(['tag', '-a', 'v1', '-m', 'v1']);
    repositoryId = (await forge.createRepository('many')).id;
    const args = ['push', '-q', forge.url('many', 'ada'), '--all', '--follow-tags'];
    expect(await forge.git(scratch.directory, args)).toMatchObject({ status: 0 });
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  async function set(settings: Record<string, unknown>): Promise<void> {
    const { sql } = forge.accounts.database;
    await sql`update repository set git_settings = ${JSON.stringify(settings)}::text::jsonb where id = ${repositoryId}`;
  }

  async function ask(
    service: string,
    headers: Record<string, string>,
  ): Promise<{ lines: string[]; encoding: unknown }> {
    const answer = await request(forge.port, 'GET', `/ada/many.git/info/refs?service=${service}`, {
      headers: { authorization: forge.authorization, ...headers },
    });
    const encoding = answer.headers['content-encoding'];
    const body = encoding === 'gzip' ? gunzipSync(answer.body) : answer.body;
    const lines = [...splitPktLines(body)].map((pkt) => (pkt.kind === 'data' ? lineText(pkt.payload) : pkt.kind));
    return { lines, encoding };
  }

  const withoutSession = (line: string) => line.replace(/session-id=\S+/, '');
  const namesIn = (lines: readonly string[]) => lines.flatMap((line) => /^[0-9a-f]{40} ([^\0]+)/.exec(line)?.[1] ?? []);

  it.each(['git-receive-pack', 'git-upload-pack'])('%s says the same compressed and plain', async (service) => {
    const plain = await ask(service, {});
    const compressed = await ask(service, { 'accept-encoding': 'deflate, gzip, br' });
    const refused = await ask(service, { 'accept-encoding': 'gzip;q=0, br' });
    expect([plain.encoding, compressed.encoding, refused.encoding]).toEqual([undefined, 'gzip', undefined]);
    const [said, ...others] = [plain, compressed, refused].map(({ lines }) => lines.map(withoutSession));
    expect(others).toEqual([said, said]);
    const head = service === 'git-upload-pack' ? ['HEAD'] : [];
    const tags = service === 'git-upload-pack' ? ['refs/tags/v1', 'refs/tags/v1^{}'] : ['refs/tags/v1'];
    expect(namesIn(plain.lines)).toEqual([...head, 'refs/heads/main', ...BRANCHES, ...tags]);
  });

  it('says the version to those who ask for it', async () => {
    await ask('git-receive-pack', { 'accept-encoding': 'gzip' });
    const one = await ask('git-receive-pack', { 'accept-encoding': 'gzip', 'git-protocol': 'version=1' });
    expect(one.lines.slice(0, 3)).toEqual(['# service=git-receive-pack', 'flush', 'version 1']);
    const two = await ask('git-receive-pack', { 'accept-encoding': 'gzip', 'git-protocol': 'version=2' });
    expect(namesIn(two.lines.slice(0, 1))).toEqual(['refs/heads/main']);
    expect(two.lines).toHaveLength(BRANCHES.length + 3);
  });

  it('hides what settings hide, from each service what is hidden from it', async () => {
    await ask('git-receive-pack', {});
    await set({ 'receive.hideRefs': ['refs/heads/topic/1'], 'uploadpack.hideRefs': ['refs/heads/main', 'refs/tags'] });
    await set({ 'receive.hideRefs': ['refs/heads/topic'], 'uploadpack.hideRefs': ['refs/heads/main', 'refs/tags'] });
    const pushes = await ask('git-receive-pack', { 'accept-encoding': 'gzip' });
    expect(namesIn(pushes.lines)).toEqual(['refs/heads/main', 'refs/tags/v1']);
    const fetches = await ask('git-upload-pack', { 'accept-encoding': 'gzip' });
    expect(namesIn(fetches.lines)).toEqual(['HEAD', ...BRANCHES]);
    await set({ 'receive.hideRefs': ['refs/'] });
    const nothing = await ask('git-receive-pack', { 'accept-encoding': 'gzip' });
    expect(namesIn(nothing.lines)).toEqual(['capabilities^{}']);
    await set({});
    expect(namesIn((await ask('git-receive-pack', {})).lines)).toHaveLength(BRANCHES.length + 2);
  });

  it('says a nonce and a session id of its own each time', async () => {
    await set({ 'receive.advertisePushCert': true });
    const asked = [1, 2].map(() => ask('git-receive-pack', { 'accept-encoding': 'gzip' }));
    const openings = (await Promise.all(asked)).map(({ lines }) => lines[2] ?? '');
    for (const opening of openings)
      expect(opening).toMatch(/ push-cert=[0-9]+-[0-9a-f]{40} push-options session-id=\S+ /);
    const sessions = openings.map((opening) => /session-id=(\S+)/.exec(opening)?.[1]);
    expect(new Set(sessions).size).toBe(2);
    await set({});
  });

  it('knows a push at once', async () => {
    const [deleted] = BRANCHES as [string];
    await ask('git-receive-pack', { 'accept-encoding': 'gzip' });
    const args = ['push', '-q', forge.url('many', 'ada'), `:${deleted}`, 'main:refs/heads/fresh'];
    // git itself asks for gzip, and reads what it gets.
    const run = await forge.git(scratch.directory, args, { env: { ...GIT_ENVIRONMENT, GIT_CURL_VERBOSE: '1' } });
    expect([run.status, run.stderr]).toEqual([0, expect.stringMatching(/content-encoding: gzip/i)]);
    for (const service of ['git-receive-pack', 'git-upload-pack']) {
      const names = namesIn((await ask(service, { 'accept-encoding': 'gzip' })).lines);
      expect([names.includes('refs/heads/fresh'), names.includes(deleted)]).toEqual([true, false]);
    }
  });
});
