/** The REST API with GitHub's own client and with plain requests, over real Postgres and a repository that git pushed. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { PASSWORD } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { RestForge } from '../support/rest-forge.ts';

describe.skipIf(!hasDatabase)('the REST API', () => {
  let forge: RestForge;
  let admin: string;
  /** Owner of `ada/Project` and `ada/secret`, with every scope for repositories. */
  let ada: string;
  let bob: string;
  const scratch = new ScratchRepository();
  const line = (...args: string[]) => scratch.line(args);

  beforeAll(async () => {
    forge = await RestForge.start();
    admin = await forge.createUser('root-admin', ['site_admin', 'repo', 'delete_repo', 'admin:org'], {
      siteAdmin: true,
    });
    ada = await forge.createUser('ada', ['repo', 'delete_repo', 'user', 'admin:org']);
    bob = await forge.createUser('bob', ['repo']);
    for (const body of [
      { name: 'Project', description: 'A thing' },
      { name: 'secret', private: true },
      { name: 'empty' },
    ]) {
      expect((await forge.call('POST /user/repos', { token: ada, body })).status).toBe(201);
    }
    buildHistory(scratch);
    await forge.push(scratch.directory, 'ada/Project', ada);
    await forge.push(scratch.directory, 'ada/secret', ada);
  });

  afterAll(async () => {
    await forge?.close();
    scratch[Symbol.dispose]();
  });

  const read = async (place: string, headers: Record<string, string> = {}) => {
    const answer = await forge.call(`GET /repos/ada/Project${place}`, { headers });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  };

  describe('identity', () => {
    it('answers its root, its settings and its own description to strangers', async () => {
      const root = await forge.call('GET /');
      expect(root.body.current_user_url).toBe(`${forge.api}/user`);
      expect((await forge.call('GET /meta')).body.installed_version).toBe('3.19.0');
      expect((await forge.call('GET /rate_limit')).body.rate).toMatchObject({ limit: 60, remaining: 60, used: 0 });
      expect((await forge.call('GET /openapi.json')).body).toMatchObject({ openapi: '3.1.1' });
    });

    it('tells users who they are', async () => {
      const { data } = await forge.octokit(ada).users.getAuthenticated();
      expect(data).toMatchObject({ login: 'ada', type: 'User', email: 'ada@example.org', public_repos: 2 });
      expect(data).toMatchObject({ total_private_repos: 1 });
      expect((await forge.call('GET /user', { token: bob })).body.email).toBeNull();
      expect((await forge.call('GET /user')).status).toBe(401);
    });

    it('shows users without regard to case, and never their address', async () => {
      const { data } = await forge.octokit().users.getByUsername({ username: 'ADA' });
      expect(data).toMatchObject({ login: 'ada', email: null, html_url: `${forge.origin}/ada` });
      expect((await forge.call('GET /users/nobody')).status).toBe(404);
    });

    it.each([
      ['token', (token: string) => `token ${token}`],
      ['Bearer', (token: string) => `Bearer ${token}`],
      ['Basic, token as password', (token: string) => basic('ada', token)],
      ['Basic, x-access-token', (token: string) => basic('x-access-token', token)],
      ['Basic, token as name', (token: string) => basic(token, 'x-oauth-basic')],
    ])('takes a token as %s, with the same scopes', async (_, authorization) => {
      const narrow = await forge.issueToken((await forge.call('GET /user', { token: ada })).body.id, ['public_repo']);
      const call = (place: string, token: string) =>
        forge.call(place, { headers: { Authorization: authorization(token) } });
      expect((await call('GET /repos/ada/secret', ada)).status).toBe(200);
      expect((await call('GET /repos/ada/secret', narrow)).status).toBe(404);
      expect((await call('DELETE /repos/ada/Project', narrow)).status).toBe(403);
      expect((await call('GET /user', `${ada}x`)).status).toBe(401);
    });

    it('takes a password, and no cookie', async () => {
      const byPassword = await forge.call('GET /user', { headers: { Authorization: basic('ada', PASSWORD) } });
      expect([byPassword.status, byPassword.headers.get('x-oauth-scopes')]).toEqual([200, null]);
      const wrong = await forge.call('GET /meta', { headers: { Authorization: basic('ada', 'wrong') } });
      expect([wrong.status, wrong.body.message]).toEqual([401, 'Bad credentials']);
      expect((await forge.call('GET /user', { headers: { Cookie: 'session=x' } })).status).toBe(401);
    });

    it('takes no token from the query', async () => {
      expect((await forge.call(`GET /user?access_token=${ada}`)).status).toBe(401);
    });
  });

  describe('repositories', () => {
    it('are read by any case of their name, with links on the host that was called', async () => {
      const { data } = await forge.octokit().repos.get({ owner: 'ADA', repo: 'pROJECT' });
      expect(data).toMatchObject({
        full_name: 'ada/Project',
        private: false,
        default_branch: 'main',
        clone_url: `${forge.origin}/ada/Project.git`,
        permissions: { admin: false, push: false, pull: true },
      });
      const ip = forge.api.replace('localhost', '127.0.0.1');
      const body = (await (await fetch(`${ip}/repositories/${data.id}`)).json()) as { url: string };
      expect(body.url).toBe(`${ip}/repos/ada/Project`);
    });

    it('that are private look absent to everybody else', async () => {
      const id = (await forge.call('GET /repos/ada/secret', { token: ada })).body.id;
      const places = ['', '/branches', '/branches/main', '/tags', '/commits', '/commits/main', '/git/ref/heads/main'];
      places.push(
        '/git/matching-refs/',
        `/git/commits/${line('rev-parse', 'main')}`,
        '/git/trees/main',
        '/contents/src',
      );
      places.push(
        `/git/blobs/${line('rev-parse', 'main:README.md')}`,
        `/git/tags/${line('rev-parse', 'v1')}`,
        '/readme',
      );
      for (const place of places) {
        expect((await forge.call(`GET /repos/ada/secret${place}`, { token: ada })).status, place).toBe(200);
        for (const token of [bob, undefined]) {
          const answer = await forge.call(`GET /repos/ada/secret${place}`, { token });
          expect([answer.status, answer.body.message], place).toEqual([404, 'Not Found']);
        }
      }
      expect((await forge.call(`GET /repositories/${id}`, { token: bob })).status).toBe(404);
      for (const place of ['PATCH /repos/ada/secret', 'DELETE /repos/ada/secret', 'POST /repos/ada/secret/git/refs']) {
        expect((await forge.call(place, { token: bob, body: {} })).status, place).toBe(404);
      }
      expect((await forge.call('GET /users/ada/repos', { token: bob })).body).toHaveLength(2);
    });

    it('are listed page by page', async () => {
      const all = await forge.octokit(ada).paginate('GET /user/repos', { per_page: 1 });
      expect(all.map((repository) => repository.name)).toEqual(['empty', 'Project', 'secret']);
      const second = await forge.call('GET /user/repos?per_page=1&page=2&visibility=all', { token: ada });
      expect(second.headers.get('link')).toBe(
        ['prev', 'next', 'last', 'first']
          .map((rel, index) => {
            const page = [1, 3, 3, 1][index];
            return `<${forge.api}/user/repos?per_page=1&page=${page}&visibility=all>; rel="${rel}"`;
          })
          .join(', '),
      );
      expect((await forge.call('GET /user/repos?visibility=private', { token: ada })).body).toHaveLength(1);
      expect((await forge.call('GET /user/repos?sort=size', { token: ada })).status).toBe(422);
    });

    it('are created, changed and deleted', async () => {
      const octokit = forge.octokit(ada);
      await octokit.repos.createForAuthenticatedUser({ name: 'short-lived', description: 'x', private: true });
      const renamed = await octokit.repos.update({
        owner: 'ada',
        repo: 'short-lived',
        name: 'renamed',
        description: '',
        private: false,
      });
      expect(renamed.data).toMatchObject({ name: 'renamed', description: null, visibility: 'public' });
      const archived = await octokit.repos.update({
        owner: 'ada',
        repo: 'renamed',
        archived: true,
        default_branch: 'trunk',
      });
      expect(archived.data).toMatchObject({ archived: true, default_branch: 'trunk' });
      expect((await octokit.repos.delete({ owner: 'ada', repo: 'renamed' })).status).toBe(204);
      expect((await forge.call('GET /repos/ada/renamed', { token: ada })).status).toBe(404);
    });

    it.each([
      [{}, { field: 'name', code: 'missing_field' }],
      [{ name: 'a/b' }, { field: 'name', code: 'invalid' }],
      [{ name: '../x' }, { field: 'name', code: 'invalid' }],
      [{ name: ['x'] }, { field: 'name', code: 'invalid' }],
      [
        { name: 'x', homepage: 'javascript:alert(1)' },
        { field: 'homepage', code: 'invalid' },
      ],
      [{ name: 'PROJECT' }, { field: 'name', code: 'custom', message: 'name already exists on this account' }],
    ])('are refused as %j', async (body, error) => {
      const answer = await forge.call('POST /user/repos', { token: ada, body });
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ errors: [{ resource: 'Repository', ...error }], status: '422' });
    });

    it('need the scope that fits their visibility', async () => {
      const narrow = await forge.issueToken((await forge.call('GET /user', { token: ada })).body.id, ['public_repo']);
      const create = (body: object) => forge.call('POST /user/repos', { token: narrow, body });
      expect((await create({ name: 'hidden', private: true })).status).toBe(403);
      const patch = await forge.call('PATCH /repos/ada/empty', { token: narrow, body: { private: true } });
      expect([patch.status, patch.headers.get('x-accepted-oauth-scopes')]).toEqual([403, 'repo']);
      expect((await forge.call('GET /repos/ada/empty')).status).toBe(200);
      expect((await forge.call('POST /user/repos', { body: { name: 'x' } })).status).toBe(401);
    });

    it('begin with a commit when asked to', async () => {
      const body = { name: 'begun', description: 'With a README', auto_init: true };
      const created = await forge.call('POST /user/repos', { token: ada, body });
      expect(created.body).toMatchObject({ default_branch: 'main', pushed_at: expect.any(String) });
      const readme = await forge.call('GET /repos/ada/begun/readme', { token: ada });
      expect(Buffer.from(readme.body.content, 'base64').toString()).toBe('# begun\n\nWith a README\n');
      const [commit] = (await forge.call('GET /repos/ada/begun/commits', { token: ada })).body;
      expect(commit.commit).toMatchObject({
        message: 'Initial commit',
        author: { name: 'ada', email: 'ada@example.org' },
      });
      expect((await forge.call('DELETE /repos/ada/begun', { token: ada })).status).toBe(204);
    });

    it('cannot point at a default branch that they lack', async () => {
      const answer = await forge.call('PATCH /repos/ada/Project', { token: ada, body: { default_branch: 'nope' } });
      expect([answer.status, answer.body.errors[0].field]).toEqual([422, 'default_branch']);
    });

    it('answer conditional requests', async () => {
      const first = await forge.call('GET /repos/ada/Project');
      const etag = first.headers.get('etag') ?? '';
      expect(etag).toMatch(/^W\/"[0-9a-f]{64}"$/);
      expect((await forge.call('GET /repos/ada/Project', { headers: { 'If-None-Match': etag } })).status).toBe(304);
      expect(
        (await forge.call('GET /repos/ada/Project', { token: ada, headers: { 'If-None-Match': etag } })).status,
      ).toBe(200);
      const modified = first.headers.get('last-modified') ?? '';
      expect((await forge.call('GET /repos/ada/Project', { headers: { 'If-Modified-Since': modified } })).status).toBe(
        304,
      );
    });

    it('answer HEAD as GET, without the body', async () => {
      const head = await forge.call('HEAD /repos/ada/Project');
      expect([head.status, head.body]).toEqual([200, undefined]);
      expect((await forge.call('HEAD /repos/ada/secret')).status).toBe(404);
    });
  });

  describe('branches and tags', () => {
    it('are listed with what they point at', async () => {
      const branches = await read('/branches');
      expect(branches.map((branch: { name: string }) => branch.name)).toEqual(['feature/slashes', 'main']);
      expect(branches[1].commit.sha).toBe(line('rev-parse', 'main'));
      const tags = await read('/tags');
      expect(tags.map((tag: { name: string }) => tag.name)).toEqual(['v1', 'light']);
      expect(tags[0].commit.sha).toBe(line('rev-parse', 'v1^{commit}'));
    });

    it.each(['feature/slashes', 'feature%2Fslashes'])('are found by a name with slashes sent as %s', async (name) => {
      const branch = await read(`/branches/${name}`);
      expect(branch).toMatchObject({ name: 'feature/slashes', protected: false });
      expect(branch.commit.commit.message).toBe('Start a feature');
    });

    it('of an empty repository are none, and its history is a conflict', async () => {
      expect((await forge.call('GET /repos/ada/empty/branches')).body).toEqual([]);
      const commits = await forge.call('GET /repos/ada/empty/commits');
      expect([commits.status, commits.body.message]).toEqual([409, 'Git Repository is empty.']);
      expect((await forge.call('GET /repos/ada/empty/contents')).body.message).toBe('This repository is empty.');
    });
  });

  describe('commits', () => {
    it('are listed as git log lists them, with pages that are not counted', async () => {
      const shas = await forge
        .octokit()
        .paginate('GET /repos/{owner}/{repo}/commits', { owner: 'ada', repo: 'Project', per_page: 2 });
      expect(shas.map((commit) => commit.sha)).toEqual(line('rev-list', 'main').split('\n'));
      const page = await forge.call('GET /repos/ada/Project/commits?per_page=1');
      expect(page.headers.get('link')).toMatch(/rel="next"$/);
    });

    it('are listed by path and start', async () => {
      const shas = (await read('/commits?path=src/main.c&sha=main')).map((commit: { sha: string }) => commit.sha);
      expect(shas).toEqual(line('rev-list', 'main', '--', 'src/main.c').split('\n'));
      expect((await forge.call('GET /repos/ada/Project/commits?sha=nope')).status).toBe(404);
    });

    it('are listed by date', async () => {
      expect(await read('/commits?until=2023-11-14T22:13:19Z')).toEqual([]);
      expect(await read('/commits?since=2023-11-14T22:13:20Z&until=2023-11-14T23:13:20%2B01:00')).toHaveLength(3);
      expect(await read('/commits?path=src&since=2023-11-14T22:13:21Z')).toEqual([]);
      expect((await forge.call('GET /repos/ada/Project/commits?since=yesterday')).status).toBe(422);
    });

    it('show what they changed', async () => {
      const commit = await read('/commits/main');
      const [file] = commit.files;
      expect(commit.stats).toEqual({ total: 2, additions: 1, deletions: 1 });
      expect(file).toMatchObject({ filename: 'src/main.c', status: 'modified', additions: 1, deletions: 1 });
      expect(file.patch).toMatch(/^@@ -1 \+1 @@\n-int one;\n\+int two;$/);
      expect(commit.commit.author).toEqual({
        name: 'Ada Lovelace',
        email: 'ada@example.com',
        date: '2023-11-14T22:13:20Z',
      });
    });

    it('come as diff, patch and sha', async () => {
      const accept = (kind: string) => read('/commits/main', { Accept: `application/vnd.github.v3.${kind}` });
      expect(await accept('sha')).toBe(line('rev-parse', 'main'));
      expect(await accept('diff')).toBe(scratch.git(['diff', 'main~1', 'main']).toString());
      const patch: string = await accept('patch');
      expect(patch).toContain(
        `From ${line('rev-parse', 'main')} Mon Sep 17 00:00:00 2001\nFrom: Ada Lovelace <ada@example.com>\n`,
      );
      expect(patch).toContain('Date: Tue, 14 Nov 2023 23:13:20 +0100\nSubject: [PATCH] Change it\n');
    });

    it('of every kind of change come as git prints them, and git takes them back', async () => {
      using changes = new ScratchRepository();
      const file = (name: string) => path.join(changes.directory, name);
      const commit = (message: string) => {
        changes.git(['add', '-A']);
        changes.git(['commit', '-q', '-m', message]);
      };
      writeFileSync(file('moved'), 'a file that moves\n');
      writeFileSync(file('removed'), 'gone\n');
      writeFileSync(file('mode'), 'run me\n');
      writeFileSync(file('text'), 'one\ntwo\nthree');
      commit('Before');
      changes.git(['mv', 'moved', 'new-place']);
      changes.git(['rm', '-q', 'removed']);
      chmodSync(file('mode'), 0o755);
      writeFileSync(file('text'), 'one\n2\nthree\n');
      writeFileSync(file('añadido "x"\t'), 'quoted\n');
      writeFileSync(file('empty'), '');
      symlinkSync('text', file('link'));
      commit('Change all\n\nIn one commit.');
      await forge.call('POST /user/repos', { token: ada, body: { name: 'changes' } });
      await forge.push(changes.directory, 'ada/changes', ada);
      const get = async (kind: string) => {
        const headers = { Accept: `application/vnd.github.${kind}` };
        return (await forge.call('GET /repos/ada/changes/commits/main', { headers })).body;
      };
      expect(await get('diff')).toBe(changes.git(['diff', '-M100%', 'main~1', 'main']).toString());
      const statuses = (await get('json')).files.map((entry: { status: string }) => entry.status);
      expect(new Set(statuses)).toEqual(new Set(['added', 'removed', 'modified', 'renamed']));
      changes.git(['checkout', '-q', '-b', 'again', 'main~1']);
      changes.git(['am', '-q'], { input: await get('patch') });
      expect(changes.line(['rev-parse', 'again^{tree}'])).toBe(changes.line(['rev-parse', 'main^{tree}']));
      expect(changes.line(['log', '-1', '--format=%an|%ad|%B', 'again'])).toBe(
        changes.line(['log', '-1', '--format=%an|%ad|%B', 'main']),
      );
      expect((await forge.call('DELETE /repos/ada/changes', { token: ada })).status).toBe(204);
    });

    it.each(['HEAD', 'heads/main', 'v1', 'tags/v1', 'feature/slashes'])('are named by %s', async (ref) => {
      const revision = ref.replace(/^(heads|tags)\//, 'refs/$1/');
      expect((await read(`/commits/${ref}`)).sha).toBe(line('rev-parse', `${revision}^{commit}`));
    });

    it('are named by the beginning of their id', async () => {
      const sha = line('rev-parse', 'main');
      expect((await read(`/commits/${sha.slice(0, 7)}`)).sha).toBe(sha);
    });

    it.each(['nope', '--output=x', '-x', 'main;id', '%00', 'main~1', '0'.repeat(40)])(
      'are not named by %s',
      async (ref) => {
        expect((await forge.call(`GET /repos/ada/Project/commits/${ref}`)).status).toBe(422);
      },
    );
  });

  describe('git data', () => {
    it('is read by id', async () => {
      const commitId = line('rev-parse', 'main');
      const commit = await read(`/git/commits/${commitId}`);
      expect(commit).toMatchObject({
        sha: commitId,
        message: 'Change it\n\nIt was one.',
        tree: { sha: line('rev-parse', 'main^{tree}') },
      });
      const tag = await read(`/git/tags/${line('rev-parse', 'v1')}`);
      expect(tag).toMatchObject({ tag: 'v1', object: { type: 'commit', sha: line('rev-parse', 'v1^{commit}') } });
      const blob = await read(`/git/blobs/${line('rev-parse', 'main:README.md')}`);
      expect(Buffer.from(blob.content, 'base64').toString()).toBe('# Project\n');
    });

    it('lists trees as git does', async () => {
      const listing = (tree: { mode: string; type: string; sha: string; path: string }[]) =>
        tree.map((entry) => `${entry.mode} ${entry.type} ${entry.sha}\t${entry.path}`).join('\n');
      expect(listing((await read('/git/trees/main')).tree)).toBe(line('ls-tree', 'main'));
      expect(listing((await read('/git/trees/main?recursive=1')).tree)).toBe(line('ls-tree', '-r', '-t', 'main'));
    });

    it.each(['commits', 'tags', 'blobs', 'trees'])('of another type is not among %s', async (kind) => {
      const other = line('rev-parse', kind === 'blobs' ? 'main' : 'main:README.md');
      expect((await forge.call(`GET /repos/ada/Project/git/${kind}/${other}`)).status).toBe(404);
      expect((await forge.call(`GET /repos/ada/Project/git/${kind}/${'0'.repeat(40)}`)).status).toBe(404);
      expect((await forge.call(`GET /repos/ada/Project/git/${kind}/-x`)).status).toBe(404);
    });

    it('is not read by the id of what no ref reaches any more', async () => {
      using lost = new ScratchRepository();
      mkdirSync(path.join(lost.directory, 'folder'));
      writeFileSync(path.join(lost.directory, 'folder/secret.txt'), 'secret\n');
      lost.git(['add', '-A']);
      lost.git(['commit', '-q', '-m', 'Lost']);
      lost.git(['tag', '-a', '-m', 'Lost', 'lost']);
      lost.git(['branch', '-m', 'lost']);
      await forge.push(lost.directory, 'ada/Project', ada);
      const places = Object.entries({ commits: 'lost^{commit}', tags: 'refs/tags/lost', trees: 'lost^{tree}' }).map(
        ([kind, revision]) => `${kind}/${lost.line(['rev-parse', revision])}`,
      );
      places.push(`trees/${lost.line(['rev-parse', 'lost:folder'])}`);
      places.push(`blobs/${lost.line(['rev-parse', 'lost:folder/secret.txt'])}`);
      const statuses = async () =>
        Promise.all(places.map(async (place) => (await forge.call(`GET /repos/ada/Project/git/${place}`)).status));
      expect(await statuses()).toEqual([200, 200, 200, 200, 200]);
      for (const ref of ['heads/lost', 'tags/lost']) {
        await forge.octokit(ada).rest.git.deleteRef({ owner: 'ada', repo: 'Project', ref });
      }
      expect(await statuses()).toEqual([404, 404, 404, 404, 404]);
    });

    it('reads refs one by one and by prefix', async () => {
      expect((await read('/git/ref/heads/feature/slashes')).object.sha).toBe(line('rev-parse', 'feature/slashes'));
      expect((await read('/git/ref/tags/v1')).object.type).toBe('tag');
      const matching = await read('/git/matching-refs/heads/feature/');
      expect(matching.map((ref: { ref: string }) => ref.ref)).toEqual(['refs/heads/feature/slashes']);
      expect(await read('/git/matching-refs/')).toHaveLength(4);
      expect(await read('/git/matching-refs/heads/nope')).toEqual([]);
      expect((await forge.call('GET /repos/ada/Project/git/ref/heads/mai')).status).toBe(404);
    });

    it('creates, moves and deletes refs by the rules of a push', async () => {
      const [parent, tip] = [line('rev-parse', 'main~1'), line('rev-parse', 'main')];
      const at = { owner: 'ada', repo: 'Project' };
      const { git } = forge.octokit(ada).rest;
      const created = await git.createRef({ ...at, ref: 'refs/heads/made', sha: parent });
      expect(created.data.object.sha).toBe(parent);
      expect((await git.updateRef({ ...at, ref: 'heads/made', sha: tip })).data.object.sha).toBe(tip);
      await expect(git.updateRef({ ...at, ref: 'heads/made', sha: parent })).rejects.toThrow(
        'Update is not a fast forward',
      );
      await git.updateRef({ ...at, ref: 'heads/made', sha: parent, force: true });
      expect((await git.deleteRef({ ...at, ref: 'heads/made' })).status).toBe(204);
      await expect(git.deleteRef({ ...at, ref: 'heads/made' })).rejects.toThrow('Reference does not exist');
    });

    it.each([
      ['refs/heads/main', 'main', 'Reference already exists'],
      ['heads/x', 'main', "Reference name must start with 'refs/' and contain at least two slashes."],
      ['refs/heads/x', '0'.repeat(40), 'Object does not exist'],
    ])('refuses to create %s at %s', async (ref, target, message) => {
      const sha = target === 'main' ? line('rev-parse', 'main') : target;
      const answer = await forge.call('POST /repos/ada/Project/git/refs', { token: ada, body: { ref, sha } });
      expect([answer.status, answer.body.message]).toEqual([422, message]);
    });

    it.each([
      'refs/heads/a..b',
      'refs/heads/-x\n',
      'refs/heads/a b',
      'refs/heads/x.lock',
      'refs/../../x',
      'refs/heads/main/x',
    ])('refuses to create the ref %j', async (ref) => {
      const body = { ref, sha: line('rev-parse', 'main') };
      expect((await forge.call('POST /repos/ada/Project/git/refs', { token: ada, body })).status).toBe(422);
    });

    it('moves refs only for those who may write', async () => {
      const body = { ref: 'refs/heads/x', sha: line('rev-parse', 'main') };
      expect((await forge.call('POST /repos/ada/Project/git/refs', { token: bob, body })).status).toBe(403);
      expect((await forge.call('POST /repos/ada/Project/git/refs', { body })).status).toBe(401);
      expect((await forge.call('DELETE /repos/ada/Project/git/refs/heads/main', { token: bob })).status).toBe(403);
    });
  });

  describe('contents', () => {
    it('of a file come with it, and alone when asked for raw', async () => {
      const file = await read('/contents/src/main.c');
      expect(file).toMatchObject({ type: 'file', name: 'main.c', path: 'src/main.c', size: 9, encoding: 'base64' });
      expect(Buffer.from(file.content, 'base64').toString()).toBe('int two;\n');
      expect(await read('/contents/src/main.c', { Accept: 'application/vnd.github.raw+json' })).toBe('int two;\n');
      const old = await read('/contents/src/main.c?ref=main~1'.replace('main~1', line('rev-parse', 'main~1')));
      expect(Buffer.from(old.content, 'base64').toString()).toBe('int one;\n');
    });

    it('of a directory are its entries', async () => {
      const entries = await read('/contents/');
      const kinds = Object.fromEntries(
        entries.map((entry: { name: string; type: string }) => [entry.name, entry.type]),
      );
      expect(kinds).toMatchObject({
        'README.md': 'file',
        src: 'dir',
        link: 'symlink',
        outside: 'symlink',
        module: 'file',
      });
      const tree = await read('/contents/src', { Accept: 'application/vnd.github.object+json' });
      expect(tree).toMatchObject({ type: 'dir', path: 'src', entries: [{ name: 'main.c' }] });
    });

    it('of a link are those of the file it leads to inside, and the link itself otherwise', async () => {
      expect(await read('/contents/link')).toMatchObject({ type: 'file', path: 'src/main.c' });
      expect(await read('/contents/outside')).toMatchObject({ type: 'symlink', target: '../../etc/passwd' });
      expect((await forge.call('GET /repos/ada/Project/contents/link/x')).status).toBe(404);
    });

    it('of a submodule tell where it comes from', async () => {
      expect(await read('/contents/module')).toMatchObject({
        type: 'submodule',
        sha: '1'.repeat(40),
        submodule_git_url: 'https://example.com/module.git',
      });
    });

    it('of a file beyond 1 MB come raw alone', async () => {
      expect(await read('/contents/big.bin')).toMatchObject({ size: 1_100_000, content: '', encoding: 'none' });
      const raw = await read('/contents/big.bin', { Accept: 'application/vnd.github.raw' });
      expect(raw.length).toBe(1_100_000);
    });

    it('have a README', async () => {
      expect(await read('/readme')).toMatchObject({
        path: 'README.md',
        content: `${Buffer.from('# Project\n').toString('base64')}\n`,
      });
    });

    it.each([
      'nope',
      '..',
      '%2e%2e/%2e%2e/etc/passwd',
      '.git/config',
      'src/../README.md',
      'src//main.c',
      '%00',
      'src%5Cmain.c',
    ])('are not found at %s', async (place) => {
      // Written by hand: fetch would resolve the dots.
      expect(await rawStatus(forge.api, `/repos/ada/Project/contents/${place}`)).toBe(404);
    });
  });

  describe('organizations and administration', () => {
    it('lets administrators make users, tokens and organizations', async () => {
      const made = await forge.call('POST /admin/users', {
        token: admin,
        body: { login: 'carol', email: 'carol@example.org', password: PASSWORD },
      });
      expect([made.status, made.body.login]).toEqual([201, 'carol']);
      const body = { scopes: ['repo', 'admin:org'], note: 'ci' };
      const authorization = await forge.call('POST /admin/users/carol/authorizations', { token: admin, body });
      expect(authorization.status).toBe(201);
      const { token } = authorization.body;
      expect((await forge.call('GET /user', { token })).headers.get('x-oauth-scopes')).toBe('repo, admin:org');
      const organization = await forge.call('POST /admin/organizations', {
        token: admin,
        body: { login: 'Guild', admin: 'carol' },
      });
      expect(organization.status).toBe(201);
      expect((await forge.call('GET /user/orgs', { token })).body).toMatchObject([{ login: 'Guild' }]);
      expect((await forge.call('GET /orgs/guild')).body).toMatchObject({
        login: 'Guild',
        type: 'Organization',
        public_repos: 0,
      });
      const repository = await forge
        .octokit(token)
        .repos.createInOrg({ org: 'guild', name: 'tools', visibility: 'private' });
      expect(repository.data).toMatchObject({
        full_name: 'Guild/tools',
        private: true,
        organization: { login: 'Guild' },
      });
      expect((await forge.call('POST /orgs/guild/repos', { token: bob, body: { name: 'x' } })).status).toBe(403);
      expect((await forge.call('GET /orgs/guild/repos', { token })).body).toHaveLength(1);
      expect((await forge.call('GET /orgs/guild/repos', { token: bob })).body).toEqual([]);
      expect((await forge.call('DELETE /admin/users/carol/authorizations', { token: admin })).status).toBe(204);
      expect((await forge.call('GET /user', { token })).status).toBe(401);
    });

    it.each([
      [{ login: 'ada' }, 'login', 'already_exists'],
      [{ login: '../x' }, 'login', 'invalid'],
      [{ login: 'api' }, 'login', 'invalid'],
      [{ login: 'dave', email: ['dave@example.org'] }, 'email', 'invalid'],
      [{ login: 'dave', email: 'ada@example.org' }, 'email', 'already_exists'],
      [{ login: 'dave', password: 'short' }, 'password', 'invalid'],
    ])('refuses the user %j', async (body, field, code) => {
      const answer = await forge.call('POST /admin/users', { token: admin, body });
      expect(answer.status).toBe(422);
      expect(answer.body.errors).toMatchObject([{ resource: 'User', field, code }]);
    });

    it('is closed to everybody else, who learn nothing of who exists', async () => {
      for (const login of ['ada', 'nobody']) {
        const place = `POST /admin/users/${login}/authorizations`;
        expect((await forge.call(place, { token: ada, body: { scopes: [] } })).status).toBe(403);
        expect((await forge.call(place, { body: { scopes: [] } })).status).toBe(401);
      }
      const place = 'POST /admin/users/nobody/authorizations';
      expect((await forge.call(place, { token: admin, body: { scopes: [] } })).status).toBe(404);
    });

    it('shuts users out and lets them in again', async () => {
      const token = await forge.createUser('eve', ['repo']);
      expect((await forge.call('PUT /users/eve/suspended', { token: ada })).status).toBe(403);
      expect((await forge.call('PUT /users/root-admin/suspended', { token: admin })).status).toBe(403);
      expect((await forge.call('PUT /users/eve/suspended', { token: admin })).status).toBe(204);
      expect((await forge.call('GET /user', { token })).status).toBe(401);
      expect((await forge.call('DELETE /users/eve/suspended', { token: admin })).status).toBe(204);
      expect((await forge.call('GET /user', { token })).status).toBe(200);
    });

    it('refuses unknown scopes and past dates', async () => {
      const issue = (body: object) => forge.call('POST /admin/users/bob/authorizations', { token: admin, body });
      expect((await issue({ scopes: ['everything'] })).status).toBe(422);
      expect((await issue({ scopes: [], expires_at: '2020-01-01T00:00:00Z' })).status).toBe(422);
    });
  });

  describe('archives', () => {
    it.each([
      ['tarball/main', '/ada/Project/archive/main.tar.gz'],
      ['zipball/main', '/ada/Project/archive/main.zip'],
      ['tarball/', '/ada/Project/archive/HEAD.tar.gz'],
      ['zipball/heads/main', '/ada/Project/archive/refs/heads/main.zip'],
    ])('leads from %s to the download', async (place, target) => {
      const found = await fetch(`${forge.api}/repos/ada/Project/${place}`, { redirect: 'manual' });
      expect([found.status, found.headers.get('location')]).toEqual([302, `${forge.origin}${target}`]);
      const download = await fetch(`${forge.origin}${target}`);
      expect(download.status).toBe(200);
      expect((await download.arrayBuffer()).byteLength).toBeGreaterThan(100);
    });

    it("gives the archive to GitHub's own client", async () => {
      const { data } = await forge
        .octokit(ada)
        .repos.downloadZipballArchive({ owner: 'ada', repo: 'secret', ref: 'main' });
      expect(Buffer.from(data as ArrayBuffer).toString('latin1', 0, 2)).toBe('PK');
    });

    it('knows nothing of what is private or missing', async () => {
      for (const place of [
        'secret/tarball/main',
        'Project/zipball/nope',
        'nothing/tarball/main',
        'empty/zipball/main',
      ]) {
        expect((await forge.call(`GET /repos/ada/${place}`)).status).toBe(404);
      }
    });
  });
});

/** Two branches, two tags, three commits on main, links, a submodule and a file beyond what is sent inline. */
function buildHistory(scratch: ScratchRepository): void {
  const file = (name: string) => path.join(scratch.directory, name);
  mkdirSync(file('src'));
  writeFileSync(file('README.md'), '# Project\n');
  writeFileSync(file('src/main.c'), 'int one;\n');
  scratch.git(['add', '-A']);
  scratch.git(['commit', '-q', '-m', 'Begin']);
  scratch.git(['tag', '-a', '-m', 'One', 'v1']);
  writeFileSync(file('.gitmodules'), '[submodule "m"]\n\tpath = module\n\turl = https://example.com/module.git\n');
  writeFileSync(file('big.bin'), Buffer.alloc(1_100_000, 'x'));
  symlinkSync('src/main.c', file('link'));
  symlinkSync('../../etc/passwd', file('outside'));
  scratch.git(['add', '-A']);
  scratch.git(['update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},module`]);
  scratch.git(['commit', '-q', '-m', 'Add links']);
  scratch.git(['tag', 'light']);
  writeFileSync(file('src/main.c'), 'int two;\n');
  scratch.git(['add', 'src']);
  scratch.git(['commit', '-q', '-m', 'Change it\n\nIt was one.\n']);
  scratch.git(['checkout', '-q', '-b', 'feature/slashes', 'v1']);
  scratch.git(['commit', '-q', '--allow-empty', '-m', 'Start a feature']);
  scratch.git(['checkout', '-q', 'main']);
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

async function rawStatus(api: string, place: string): Promise<number> {
  const { request } = await import('node:http');
  const { hostname, port, pathname } = new URL(api);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path: pathname + place }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject).end();
  });
}
