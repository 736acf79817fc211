/**
 * `git push --signed`, with a key of SSH: the certificate is kept as it was signed, with git's verdict on its nonce; and what
 * receive-pack makes of certificates of its own kind, beside `git http-backend`.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import type { StoredGitSettings } from '#repository/git-settings.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { runHttpBackend } from '../support/git-http-backend.ts';
import { collectRun, GIT_ENVIRONMENT, type GitRun } from '../support/git-run.ts';
import { request } from '../support/raw-http.ts';
import { hasSsh, SshForge } from '../support/ssh-forge.ts';

const ZERO = '0'.repeat(40);
const RECEIVE = 'application/x-git-receive-pack-request';
const ON: StoredGitSettings = { 'receive.advertisePushCert': true, 'receive.certNonceSlop': 3_600 };

describe.skipIf(!hasDatabase || !hasSsh)('signed pushes', () => {
  let forge: GitForge;
  let ssh: SshForge;
  let scratch: ScratchRepository;
  let signing: readonly string[];
  let number = 0;

  beforeAll(async () => {
    forge = await GitForge.start();
    ssh = await SshForge.start(forge);
    scratch = new ScratchRepository();
    scratch.git(['commit', '-q', '--allow-empty', '-m', 'One']);
    scratch.git(['branch', 'side']);
    const { file } = ssh.makeKey();
    signing = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${file}`];
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await ssh?.close();
    await forge?.close();
  });

  async function create(settings: StoredGitSettings): Promise<{ id: number; name: string }> {
    const name = `signed-${++number}`;
    const { id } = await forge.createRepository(name);
    await forge.accounts.database.sql`
      update repository set git_settings = ${JSON.stringify(settings)}::text::jsonb where id = ${id}`;
    return { id, name };
  }

  async function keptPushes(repositoryId: number) {
    return forge.accounts.database.sql<{ certificate: Buffer | null; nonce_status: string | null }[]>`
      select certificate, nonce_status from push where repository_id = ${repositoryId} order by created_at, id`;
  }

  function push(...args: string[]): Promise<GitRun> {
    return forge.git(scratch.directory, [...signing, 'push', ...args]);
  }

  /** Whether OpenSSH finds the signature to be one of what stands before it, in the namespace that git signs in. */
  function isSigned(certificate: Buffer): boolean {
    const start = certificate.indexOf('-----BEGIN SSH SIGNATURE-----');
    const file = path.join(forge.folder, 'signature');
    writeFileSync(file, certificate.subarray(start));
    const args = ['-Y', 'check-novalidate', '-n', 'git', '-s', file];
    return spawnSync('ssh-keygen', args, { input: certificate.subarray(0, start) }).status === 0;
  }

  it('are not offered unless the repository says so', async () => {
    const { id, name } = await create({});
    const run = await push('--signed', forge.url(name, 'ada'), 'main');
    expect(run.stderr).toContain('the receiving end does not support --signed push');
    expect(await push('--signed=if-asked', forge.url(name, 'ada'), 'main')).toMatchObject({ status: 0 });
    expect(await keptPushes(id)).toMatchObject([{ certificate: null, nonce_status: null }]);
  });

  it('over HTTP', async () => {
    const { id, name } = await create(ON);
    const run = await push('--signed', '--atomic', '-o', 'a b', forge.url(name, 'ada'), 'main', 'side');
    expect(run).toMatchObject({ status: 0 });
    const [{ certificate, nonce_status } = { certificate: null, nonce_status: null }] = await keptPushes(id);
    expect(nonce_status).toBe('OK');
    const text = certificate?.toString() ?? '';
    expect(text).toMatch(
      /^certificate version 0\.1\npusher .*\npushee http:.*\nnonce \d+-[0-9a-f]{40}\npush-option a b\n\n/,
    );
    const head = scratch.line(['rev-parse', 'main']);
    expect(text).toContain(`\n${ZERO} ${head} refs/heads/main\n${ZERO} ${head} refs/heads/side\n-----BEGIN SSH`);
    expect(isSigned(certificate as Buffer)).toBe(true);
    expect(isSigned(Buffer.from(text.replace('refs/heads/side', 'refs/heads/sidx')))).toBe(false);
  });

  it('over SSH', async () => {
    const { id, name } = await create({ 'receive.advertisePushCert': true });
    const key = await ssh.makeUserKey(forge.owner);
    const args = [...signing, 'push', '--signed', ssh.url(name), 'main'];
    expect(await ssh.git(scratch.directory, args, { key })).toMatchObject({ status: 0 });
    const [kept] = await keptPushes(id);
    expect(kept).toMatchObject({ nonce_status: 'OK' });
    expect(isSigned(kept?.certificate as Buffer)).toBe(true);
  });

  it('by git 2.39 and by clients that know no push certificates', async () => {
    const { name } = await create(ON);
    const env = { ...process.env, ...GIT_ENVIRONMENT, GIT_TRACE_PACKET: '1' };
    const run = await collectRun(
      spawn('git', ['push', forge.url(name, 'ada'), 'main'], { cwd: scratch.directory, env, stdio: 'pipe' }),
    );
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/< .* push-cert=\d+-[0-9a-f]{40} push-options /);
    expect(run.stderr).not.toContain('> push-cert');
  });

  describe('beside git http-backend', () => {
    interface Question {
      readonly lines: (command: string) => readonly OutgoingPkt[];
      readonly isOn?: boolean;
      readonly nonceStatus?: string;
    }

    const capabilities = '\0 report-status push-options';
    const header = ['certificate version 0.1\n', 'pusher A <a@b> 1 +0000\n'];
    const certificate = (...lines: string[]) => [`push-cert${capabilities}`, ...lines, 'push-cert-end\n', FLUSH];
    const SIGNATURE = ['-----BEGIN PGP SIGNATURE-----\n', '\n', 'abc\n', '-----END PGP SIGNATURE-----\n'];

    const QUESTIONS: Record<string, Question> = {
      'a nonce that nobody said': {
        lines: (command) => [...certificate(...header, 'nonce 1-abc\n', '\n', command, ...SIGNATURE), FLUSH],
        nonceStatus: 'BAD',
      },
      'no nonce': {
        lines: (command) => [...certificate(...header, '\n', command, ...SIGNATURE), FLUSH],
        nonceStatus: 'MISSING',
      },
      'a nonce where none was asked for': {
        lines: (command) => [...certificate(...header, 'nonce 1-abc\n', '\n', command, ...SIGNATURE), FLUSH],
        isOn: false,
      },
      'the newline of a command in a line of its own': {
        lines: (command) => [...certificate(...header, '\n', command.trimEnd(), '\n', ...SIGNATURE), FLUSH],
        nonceStatus: 'MISSING',
      },
      'lines cut anywhere': {
        lines: (command) => [
          ...certificate('certificate version 0.1\npusher', ' A\n\n', command, SIGNATURE.join('')),
          FLUSH,
        ],
        nonceStatus: 'MISSING',
      },
      'a flush in the place of its end': {
        lines: (command) => [`push-cert${capabilities}`, ...header, '\n', command, ...SIGNATURE, FLUSH, FLUSH],
        nonceStatus: 'MISSING',
      },
      'options that were signed': {
        lines: (command) => [
          ...certificate(...header, 'push-option a\n', 'push-option b c\n', '\n', command, ...SIGNATURE),
          'a',
          'b c',
          FLUSH,
        ],
        nonceStatus: 'MISSING',
      },
      'options that are others than those that were signed': {
        lines: (command) => [...certificate(...header, 'push-option a\n', '\n', command), 'b', FLUSH],
      },
      'an option too many': { lines: (command) => [...certificate(...header, '\n', command), 'b', FLUSH] },
      'an option too few': {
        lines: (command) => [...certificate(...header, 'push-option a\n', '\n', command), FLUSH],
      },
      'no commands': { lines: () => [...certificate(...header, '\n', ...SIGNATURE), FLUSH] },
      'nothing at all': { lines: () => [...certificate(), FLUSH] },
      'no end of its header': { lines: (command) => certificate(...header, command) },
      'a line that is no command': { lines: (command) => certificate(...header, '\n', command, 'frotz') },
      'a delimiter in its midst': { lines: () => [`push-cert${capabilities}`, ...header, DELIM, FLUSH] },
      'the end of the body in its midst': { lines: () => [`push-cert${capabilities}`, ...header] },
      'an error of the client in its midst': { lines: () => [`push-cert${capabilities}`, 'ERR no\n', FLUSH] },
    };

    let head: string;

    beforeAll(() => {
      head = scratch.line(['rev-parse', 'main']);
    });

    async function askUs(body: Buffer, settings: StoredGitSettings) {
      const { id, name } = await create({});
      await push('-q', forge.url(name, 'ada'), 'main', 'side');
      await forge.accounts.database.sql`
        update repository set git_settings = ${JSON.stringify(settings)}::text::jsonb where id = ${id}`;
      const answer = await request(forge.port, 'POST', `/ada/${name}.git/git-receive-pack`, {
        headers: { authorization: forge.authorization, 'content-type': RECEIVE },
        body,
      });
      const kept = (await keptPushes(id))[1];
      const lines = [...splitPktLines(answer.body)].map((pkt) =>
        pkt.kind === 'data' ? lineText(pkt.payload) : pkt.kind,
      );
      return { status: answer.status, lines, nonceStatus: kept?.nonce_status ?? undefined };
    }

    async function askGit(body: Buffer, isOn: boolean) {
      const folder = path.join(forge.folder, `beside-${++number}`);
      mkdirSync(folder);
      const bare = path.join(folder, 'r.git');
      scratch.git(['clone', '-q', '--bare', scratch.directory, bare]);
      const git = (...args: string[]) => execFileSync('git', ['-C', bare, ...args]);
      git('config', 'receive.advertisePushOptions', 'true');
      if (isOn) git('config', 'receive.certNonceSeed', 'sekrit');
      const told = path.join(folder, 'nonce-status');
      const hook = path.join(bare, 'hooks', 'post-receive');
      mkdirSync(path.dirname(hook), { recursive: true });
      writeFileSync(hook, `#!/bin/sh\ncat >/dev/null\nprintf %s "$GIT_PUSH_CERT_NONCE_STATUS" >'${told}'\n`);
      chmodSync(hook, 0o755);
      const headers = { 'content-type': RECEIVE };
      const answer = await runHttpBackend(folder, { method: 'POST', target: '/r.git/git-receive-pack', headers, body });
      const lines = [...splitPktLines(answer.body)].map((pkt) =>
        pkt.kind === 'data' ? lineText(pkt.payload) : pkt.kind,
      );
      const fatal = /^fatal: (.*)$/ms.exec(answer.log)?.[1]?.trimEnd();
      let nonceStatus: string | undefined;
      try {
        nonceStatus = readFileSync(told, 'utf8') || undefined;
      } catch {}
      return { status: answer.status, lines: fatal === undefined ? lines : [`ERR ${fatal}`], nonceStatus };
    }

    it.each(Object.entries(QUESTIONS))('%s', async (_, { lines, isOn = true, nonceStatus }) => {
      const body = Buffer.concat(lines(`${head} ${ZERO} refs/heads/side\n`).map(encodePktLine));
      const gits = await askGit(body, isOn);
      expect(gits.nonceStatus).toBe(nonceStatus);
      // Git does not tell its hooks of a nonce that it did not ask for.
      const own = isOn ? gits : { ...gits, nonceStatus: 'UNSOLICITED' };
      expect(await askUs(body, isOn ? ON : {})).toEqual(own);
    });

    it('lets nobody add to what was signed', async () => {
      const unsigned = `${head} ${ZERO} refs/heads/side${capabilities}`;
      const lines = [unsigned, ...certificate(...header, '\n', `${ZERO} ${head} refs/heads/x\n`), FLUSH];
      const { lines: answer } = await askUs(Buffer.concat(lines.map(encodePktLine)), ON);
      expect(answer).toEqual(['ERR protocol error: got both push certificate and unsigned commands']);
    });

    it('takes certificates up to a size', async () => {
      const lines = certificate(...header, ...Array.from({ length: 40 }, () => `x ${'y'.repeat(65_000)}\n`), '\n');
      const { lines: answer } = await askUs(Buffer.concat([...lines, FLUSH].map(encodePktLine)), ON);
      expect(answer).toEqual(['unpack push certificate of more than 2097152 bytes', 'flush']);
    });
  });
});
