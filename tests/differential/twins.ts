/** One repository twice: in our server, and beside it as a bare one behind `git http-backend` with the same settings. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodePktLine, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { DEFAULT_GIT_SETTINGS, GIT_SETTINGS, type StoredGitSettings } from '#repository/git-settings.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { GitForge } from '../support/git-forge.ts';
import { runHttpBackend } from '../support/git-http-backend.ts';
import { request } from '../support/raw-http.ts';
import { type GeneratedRepository, HIDDEN_PREFIX } from './generated-repository.ts';

export type Service = 'git-upload-pack' | 'git-receive-pack';

export interface Answer {
  readonly status: number;
  /** Those that the protocol is about. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  /** What git said to its administrator; empty for ours. */
  readonly log: string;
}

export interface Answers {
  readonly ours: Answer;
  readonly gits: Answer;
}

/** What git does not know; and what would, set to false, take back the settings before it. */
const LEFT_OUT = new Set(['uploadpack.packfileURIs', 'uploadpack.allowAnySHA1InWant']);

export class Twins {
  readonly name: string;
  readonly record: RepositoryRecord;
  readonly #forge: GitForge;
  readonly #folder: string;
  /** Of the bare twin, without what `configure` adds. */
  #config = '';

  static async create(forge: GitForge, name: string, repository: GeneratedRepository): Promise<Twins> {
    const record = await forge.createRepository(name, { objectFormat: repository.model.format });
    const twins = new Twins(forge, name, record);
    twins.#makeBare(repository);
    await twins.#push(repository);
    await twins.configure({});
    return twins;
  }

  private constructor(forge: GitForge, name: string, record: RepositoryRecord) {
    this.name = name;
    this.record = record;
    this.#forge = forge;
    this.#folder = path.join(forge.folder, 'backend');
  }

  get bareFolder(): string {
    return path.join(this.#folder, 'ada', `${this.name}.git`);
  }

  /** The same bytes to both. */
  async ask(
    method: string,
    resource: string,
    options: { headers?: Readonly<Record<string, string>>; body?: Uint8Array } = {},
  ): Promise<Answers> {
    const target = `/ada/${this.name}.git/${resource}`;
    const { headers = {}, body } = options;
    const withBody = body && { body };
    const authorization = this.#forge.authorization;
    const [ours, gits] = await Promise.all([
      request(this.#forge.port, method, target, { headers: { ...headers, authorization }, ...withBody }),
      runHttpBackend(this.#folder, { method, target, headers, ...withBody }),
    ]);
    return {
      ours: { ...ours, headers: protocolHeaders(ours.headers), log: '' },
      gits: { ...gits, headers: protocolHeaders(gits.headers) },
    };
  }

  advertisement(service: Service, version: 0 | 1 | 2): Promise<Answers> {
    return this.ask('GET', `info/refs?service=${service}`, { headers: protocolHeader(version) });
  }

  post(
    service: Service,
    version: 0 | 1 | 2,
    pkts: readonly OutgoingPkt[],
    pack: Uint8Array = Buffer.alloc(0),
  ): Promise<Answers> {
    const headers = { 'content-type': `application/x-${service}-request`, ...protocolHeader(version) };
    return this.ask('POST', service, { headers, body: Buffer.concat([...pkts.map(encodePktLine), pack]) });
  }

  /** Sets what is to differ from the defaults, in both; what was set before is taken back. */
  async configure(settings: StoredGitSettings): Promise<void> {
    const all: StoredGitSettings = { 'transfer.hideRefs': [HIDDEN_PREFIX], ...settings };
    const { database } = this.#forge.accounts;
    await database.sql`
      update repository set git_settings = ${JSON.stringify(all)}::text::jsonb where id = ${this.record.id}`;
    const lines = Object.entries(all).flatMap(([name, value]) => [value].flat().map((one) => configLine(name, one)));
    writeFileSync(path.join(this.bareFolder, 'config'), this.#config + lines.join(''));
  }

  /** Runs git in the bare twin. */
  git(args: readonly string[], input: Uint8Array | string = ''): string {
    const { status, stdout, stderr } = spawnSync('git', args, {
      cwd: this.bareFolder,
      input,
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' },
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: exit status ${status}: ${stderr}`);
    return stdout.toString();
  }

  /** What git's own upload-pack says on a connection to a client that says all it has to say at once. */
  uploadPack(version: 0 | 1 | 2, input: Uint8Array): { stdout: Buffer; stderr: Buffer } {
    return spawnSync('git', ['upload-pack', '.'], {
      cwd: this.bareFolder,
      input,
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_PROTOCOL: `version=${version}`, LC_ALL: 'C' },
      maxBuffer: 1 << 28,
    });
  }

  /** Refs and HEAD of both, to see whether they are still twins. */
  async refs(): Promise<{ ours: string[]; gits: string[] }> {
    const snapshot = await this.#forge.engine.snapshot(this.record.id);
    const ours = snapshot.refs.refs.map((ref) => `${ref.target} ${ref.name}`);
    const gits = this.git(['for-each-ref', '--format=%(objectname) %(refname)']).split('\n').filter(Boolean);
    return { ours, gits };
  }

  /** Takes back what a push did to the refs of the bare twin. @param lines as `refs` gives them */
  restoreRefs(lines: readonly string[]): void {
    const names = this.git(['for-each-ref', '--format=%(refname)']).split('\n').filter(Boolean);
    this.git(['update-ref', '--stdin'], names.map((name) => `delete ${name}\n`).join(''));
    const creations = lines.map((line) => line.replace(/^(\S+) (.*)$/, 'create $2 $1\n'));
    this.git(['update-ref', '--stdin'], creations.join(''));
  }

  #makeBare({ model, refs, headTarget }: GeneratedRepository): void {
    mkdirSync(path.join(this.#folder, 'ada'), { recursive: true });
    mkdirSync(this.bareFolder);
    this.git(['init', '-q', '--bare', `--object-format=${model.format}`, '.']);
    this.#config = readFileSync(path.join(this.bareFolder, 'config'), 'utf8') + gitConfig();
    writeFileSync(path.join(this.bareFolder, 'config'), this.#config);
    if (model.objects.size > 0) this.git(['index-pack', '--stdin'], model.pack());
    this.git(['update-ref', '--stdin'], [...refs].map(([name, id]) => `create ${name} ${id}\n`).join(''));
    this.git(['symbolic-ref', 'HEAD', headTarget]);
    // Deltas, so that the packs that git makes of it are as usual.
    this.git(['repack', '-q', '-d', '-a', '-k']);
  }

  /** In several pushes, so that there are several packs; then what no ref leads to, pushed and deleted again. */
  async #push({ model, refs, headTarget, unreachable }: GeneratedRepository): Promise<void> {
    const names = [...refs.keys()].sort();
    const had = new Set<string>();
    for (const part of partsOf(names, 3)) {
      const wanted = part.map((name) => refs.get(name) ?? '');
      const lacking = [...model.closure(wanted)].filter((id) => !had.has(id));
      for (const id of lacking) had.add(id);
      const pack = this.#packOf(lacking);
      await this.#receive(
        part.map((name) => ({ name, oldId: model.zeroId, newId: refs.get(name) ?? '' })),
        lacking.length > 0 ? pack : model.pack([]),
      );
    }
    const lost = unreachable.filter((id) => model.get(id).type === 'commit');
    if (lost.length > 0) {
      const commands = lost.map((id, index) => ({ name: `refs/lost/${index}`, oldId: model.zeroId, newId: id }));
      await this.#receive(commands, model.pack([...model.closure(lost)].filter((id) => !had.has(id))));
      // Else one of them may be the default branch, which is not deleted.
      await this.#forge.engine.setHead(this.record.id, headTarget);
      await this.#receive(commands.map(({ name, newId }) => ({ name, oldId: newId, newId: model.zeroId })));
    }
    await this.#forge.engine.setHead(this.record.id, headTarget);
  }

  /** With deltas, as git makes them. */
  #packOf(ids: readonly string[]): Buffer {
    const args = ['pack-objects', '--stdout', '--delta-base-offset', '-q'];
    return spawnSync('git', args, { cwd: this.bareFolder, input: `${ids.join('\n')}\n`, maxBuffer: 1 << 28 }).stdout;
  }

  async #receive(commands: { name: string; oldId: string; newId: string }[], pack?: Buffer): Promise<void> {
    const outcome = await this.#forge.engine.receive({
      repositoryId: this.record.id,
      actorId: this.#forge.owner.userId,
      // The first branch that is pushed may be one that goes again.
      settings: { ...DEFAULT_GIT_SETTINGS, 'receive.denyDeleteCurrent': false },
      shallowIds: [],
      commands,
      atomic: true,
      pushOptions: [],
      pack: pack && chunksOf(pack),
      signal: AbortSignal.timeout(60_000),
      onPackConsumed: () => undefined,
      onProgress: () => undefined,
    });
    const refused = outcome.refs.filter((ref) => ref.kind !== 'ok');
    if (outcome.unpackError || refused.length > 0) throw new Error(`seed: ${JSON.stringify(outcome)}`);
  }
}

/** What our server must have advertised for an option to be sent. */
export interface Offered {
  /** Of the capability `fetch` in version 2. */
  readonly v2: ReadonlySet<string>;
  readonly v0: ReadonlySet<string>;
}

export async function offeredBy(twins: Twins): Promise<Offered> {
  const v0 = await twins.advertisement('git-upload-pack', 0);
  const v2 = await twins.advertisement('git-upload-pack', 2);
  const fetchLine = linesOf(v2.ours.body).find((line) => /^fetch(=|$)/.test(line)) ?? '';
  return { v0: new Set(capabilitiesOf(v0.ours)), v2: new Set(fetchLine.replace(/^fetch=?/, '').split(' ')) };
}

/** Whether the repository's settings are heeded by a service, as told by its session id, which is one of them. */
export async function heedsSettings(twins: Twins, service: Service): Promise<boolean> {
  const { ours } = await twins.advertisement(service, 0);
  return capabilitiesOf(ours).some((name) => name.startsWith('session-id='));
}

/** The names that the line of capabilities holds, with their values. */
export function capabilitiesOf(advertisement: Answer): string[] {
  const line = linesOf(advertisement.body).find((text) => text.includes('\0')) ?? '';
  return line.slice(line.indexOf('\0') + 1).split(' ');
}

/** Special pkts as their kind in angle brackets. */
export function linesOf(body: Buffer): string[] {
  return [...splitPktLines(body)].map((pkt) => (pkt.kind === 'data' ? lineText(pkt.payload) : `<${pkt.kind}>`));
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function partsOf<T>(items: readonly T[], count: number): T[][] {
  const size = Math.ceil(items.length / count);
  return Array.from({ length: count }, (_, part) => items.slice(part * size, (part + 1) * size)).filter(
    (part) => part.length > 0,
  );
}

function protocolHeader(version: 0 | 1 | 2): Record<string, string> {
  return version === 0 ? {} : { 'git-protocol': `version=${version}` };
}

function protocolHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { expires, pragma, 'cache-control': cacheControl, 'content-type': contentType } = headers;
  return { expires, pragma, cacheControl, contentType };
}

/** Said of one, it would count before what is said of all. */
const ONE_FILTER = /^uploadpackfilter\..+\.allow$/;

/** Our defaults in the words of git-config(1). */
function gitConfig(): string {
  const lines = Object.entries(GIT_SETTINGS)
    .filter(([name, { kind }]) => kind === 'flag' && !LEFT_OUT.has(name) && !ONE_FILTER.test(name))
    .map(([name, definition]) => configLine(name, definition.default));
  return `${lines.join('')}[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n\tunpackLimit = 1\n`;
}

function configLine(name: string, value: unknown): string {
  const parts = name.split('.');
  const [section, key] = [parts[0], parts.at(-1)];
  const subsection = parts.slice(1, -1).join('.');
  return `[${section}${subsection ? ` "${subsection}"` : ''}]\n\t${key} = ${value}\n`;
}
