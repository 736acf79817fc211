/** Git over SSH in this process, beside a `GitForge`, and the clients that talk to it: OpenSSH's own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { LfsTokens } from '#auth/lfs-token.ts';
import { NetworkList } from '#auth/network-list.ts';
import type { UserPrincipal } from '#auth/principal.ts';
import type { Log } from '#log.ts';
import { generateHostKey } from '#transport/ssh/host-key.ts';
import { SshServer } from '#transport/ssh/ssh-server.ts';
import type { SshServices } from '#transport/ssh/ssh-services.ts';
import type { GitForge } from './git-forge.ts';
import { collectRun, GIT_ENVIRONMENT, type GitRun } from './git-run.ts';
import { findProgram } from './server-process.ts';

/** For `describe.skipIf(!hasSsh)`; with REQUIRE_SERVICES=1 a missing client fails the run. */
export const hasSsh = findProgram('ssh') !== undefined && findProgram('ssh-keygen') !== undefined;

if (!hasSsh && process.env['REQUIRE_SERVICES'] === '1') {
  throw new Error(
    'SSH tests need OpenSSH (apt-get install openssh-client), and REQUIRE_SERVICES=1 forbids skipping them',
  );
}

export interface SshRunOptions {
  /** Whose private key the client has; none: no key at all. */
  readonly key?: SshClientKey | undefined;
  readonly version?: 0 | 1 | 2;
  /** More options of ssh. */
  readonly ssh?: readonly string[];
  /** More settings of git. */
  readonly config?: readonly string[];
}

export interface SshClientKey {
  readonly file: string;
  /** The line of the `.pub` file. */
  readonly line: string;
}

export interface SshForgeOptions {
  /** Stands between the server and what it uses. */
  readonly wrap?: (services: SshServices) => SshServices;
  /** The base64 of the keys whose certificates are believed. */
  readonly authorities?: ReadonlySet<string>;
  readonly proxies?: readonly string[];
  /** Default: errors go to the output. */
  readonly log?: Log;
}

/** The forge beside which the server runs. */
type NeighbourForge = Pick<GitForge, 'accounts' | 'services' | 'port' | 'folder'>;

export class SshForge {
  readonly forge: NeighbourForge;
  readonly port: number;
  readonly server: SshServer;
  readonly #folder: string;
  #keyCount = 0;

  static async start(forge: NeighbourForge, options: SshForgeOptions = {}) {
    const { sshKeys, database } = forge.accounts;
    const services = (options.wrap ?? ((unchanged) => unchanged))({
      ...forge.services,
      sshKeys,
      lfsTokens: new LfsTokens(database.sql),
      site: { version: '0.1.0', publicUrl: new URL(`http://localhost:${forge.port}`) },
    });
    const server = new SshServer({
      services,
      hostKey: generateHostKey(),
      authorities: options.authorities ?? new Set(),
      proxies: new NetworkList(options.proxies ?? []),
      log: options.log ?? pino({ level: 'error' }),
    });
    const { port } = await server.listen(0, '127.0.0.1');
    return new SshForge(forge, server, port);
  }

  private constructor(forge: NeighbourForge, server: SshServer, port: number) {
    this.forge = forge;
    this.server = server;
    this.port = port;
    this.#folder = path.join(forge.folder, `ssh-${port}`);
    mkdirSync(this.#folder);
  }

  url(name: string, owner = 'ada'): string {
    return `ssh://git@127.0.0.1:${this.port}/${owner}/${name}.git`;
  }

  /** A new key of a client, which nobody has added yet. */
  makeKey(type = 'ed25519', ...options: string[]): SshClientKey {
    const file = path.join(this.#folder, `key-${this.#keyCount++}`);
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', type, ...options, '-f', file]);
    return { file, line: readFileSync(`${file}.pub`, 'utf8') };
  }

  async makeUserKey(user: UserPrincipal, type?: string, ...options: string[]): Promise<SshClientKey & { id: number }> {
    const key = this.makeKey(type, ...options);
    const outcome = await this.forge.accounts.sshKeys.addUserKey(user.userId, { title: '', line: key.line });
    if (outcome.kind !== 'added') throw new Error(`add key: ${outcome.kind}`);
    return { ...key, id: outcome.key.id };
  }

  async makeDeployKey(
    repositoryId: number,
    access: 'read-only' | 'read-write',
  ): Promise<SshClientKey & { id: number }> {
    const key = this.makeKey();
    const request = { title: 'CI', line: key.line, readOnly: access === 'read-only' };
    const outcome = await this.forge.accounts.sshKeys.addDeployKey(repositoryId, request);
    if (outcome.kind !== 'added') throw new Error(`add key: ${outcome.kind}`);
    return { ...key, id: outcome.key.id };
  }

  /** Runs git, whatever its exit status. */
  git(cwd: string, args: readonly string[], options: SshRunOptions = {}): Promise<GitRun> {
    return collectRun(this.spawnGit(cwd, args, options));
  }

  spawnGit(cwd: string, args: readonly string[], options: SshRunOptions = {}): ChildProcess {
    const version = options.version === undefined ? [] : [`protocol.version=${options.version}`];
    const settings = [...version, ...(options.config ?? [])].flatMap((setting) => ['-c', setting]);
    const env = {
      ...process.env,
      ...GIT_ENVIRONMENT,
      GIT_SSH_COMMAND: this.sshCommand(options),
    };
    return spawn('git', [...settings, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Runs ssh as `git@…`, or as somebody else when the options say so. */
  ssh(args: readonly string[], options: SshRunOptions = {}): Promise<GitRun> {
    const all = [...this.#sshOptions(options), '-p', String(this.port), ...args];
    return collectRun(spawn('ssh', all, { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Runs another program of OpenSSH that takes its options, such as sftp. */
  run(program: string, args: readonly string[], options: SshRunOptions = {}): Promise<GitRun> {
    const all = [...this.#sshOptions(options), '-P', String(this.port), ...args];
    return collectRun(spawn(program, all, { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async close(): Promise<void> {
    await this.server.stop(0, AbortSignal.abort());
  }

  /** For `GIT_SSH_COMMAND`. */
  sshCommand(options: SshRunOptions): string {
    return ['ssh', ...this.#sshOptions(options)].join(' ');
  }

  #sshOptions({ key, ssh = [] }: SshRunOptions): string[] {
    const identity = key === undefined ? ['-o', 'IdentityFile=none'] : ['-i', key.file];
    const known = path.join(this.#folder, 'known_hosts');
    return [
      ...['-F', 'none', '-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none'],
      ...['-o', `UserKnownHostsFile=${known}`, '-o', 'StrictHostKeyChecking=accept-new', '-o', 'LogLevel=ERROR'],
      ...identity,
      ...ssh,
    ];
  }
}
