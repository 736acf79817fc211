/** A client of a forge in this process: it keeps its connections, and looks at each answer as any client of git would. */
import http from 'node:http';
import { gzipSync } from 'node:zlib';
import { SCOPES } from '#auth/scope.ts';
import { splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import type { StoredGitSettings } from '#repository/git-settings.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { type GeneratedRepository, HIDDEN_PREFIX } from '../../differential/generated-repository.ts';
import type { TestAccounts } from '../../support/accounts.ts';
import { pushIntoEngine } from '../../support/engine-push.ts';
import { GitForge } from '../../support/git-forge.ts';
import type { RawAnswer } from '../../support/raw-http.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { ServerWatch } from '../server-watch.ts';

/** Requests under way at once. */
export const PARALLEL = 6;

export interface ClientRequest {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export class ForgeClient {
  readonly #port: number;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: PARALLEL });
  readonly authorization: string;

  /** @param token of somebody who may do all: a password would cost more than all else that a request does */
  constructor(port: number, token: string) {
    this.#port = port;
    this.authorization = `Bearer ${token}`;
  }

  static async open(port: number, accounts: TestAccounts, userId: number): Promise<ForgeClient> {
    const issued = await accounts.tokens.issue({ userId, note: 'fuzz', scopes: SCOPES });
    if (issued.kind !== 'issued') throw new Error(`issue token: ${issued.kind}`);
    return new ForgeClient(port, issued.secret);
  }

  /** @throws {Error} for an answer of 500 and more, beside those that its connection broke */
  async send(request: ClientRequest): Promise<RawAnswer> {
    const answer = await this.#try(request).catch((error: NodeJS.ErrnoException) => {
      // A connection that the server has just closed, since it was idle or had refused what came before.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
      return this.#try(request);
    });
    if (answer.status >= 500) {
      throw new Error(`status ${answer.status}: ${answer.body} to ${describeRequest(request)}`);
    }
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  #try({ method, target, headers = {}, body }: ClientRequest): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const options = { port: this.#port, host: '127.0.0.1', method, path: target, agent: this.#agent };
      const outgoing = http.request({ ...options, headers: { authorization: this.authorization, ...headers } });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
        );
      });
      outgoing.end(body);
    });
  }
}

export function describeRequest({ method, target, headers, body = Buffer.alloc(0) }: ClientRequest): string {
  const bytes = JSON.stringify(Buffer.from(body).toString('latin1').slice(0, 3_000));
  return `${method} ${target} ${JSON.stringify(headers)} ${bytes}`;
}

/** A request of one of git's services, sometimes zipped, rightly or not. @throws {Error} see `ForgeClient.send` */
export async function sendToService(
  client: ForgeClient,
  random: Random,
  service: { readonly name: string; readonly repository: string; readonly headers?: Record<string, string> },
  body: Buffer,
): Promise<RawAnswer> {
  const zip = random.oneIn(16) ? random.pick([gzipSync(body), mutate(random, gzipSync(body))]) : undefined;
  const request = {
    method: 'POST',
    target: `/ada/${service.repository}.git/${service.name}`,
    headers: {
      'content-type': `application/x-${service.name}-request`,
      ...service.headers,
      ...(zip && { 'content-encoding': 'gzip' }),
      // Without a length Node sends chunks.
      ...(random.oneIn(4) && { 'transfer-encoding': 'chunked' }),
    },
    body: zip ?? body,
  };
  const answer = await client.send(request);
  const text = answer.body.toString('latin1');
  const where = () => `${text.slice(0, 500)} to ${describeRequest({ ...request, body })}`;
  // 409: somebody else makes the same repository.
  if (![200, 400, 409, 413, 415].includes(answer.status)) throw new Error(`status ${answer.status}: ${where()}`);
  if (text.includes('internal server error')) throw new Error(where());
  return answer;
}

/** Everything in front of a pack that is sent bare, or the whole, in pkts. @throws what is no pkt */
export function framedPart(body: Buffer): Buffer {
  let at = 0;
  while (at < body.length && body.toString('latin1', at, at + 4) !== 'PACK') {
    const length = Number.parseInt(body.toString('latin1', at, at + 4), 16);
    at += Math.max(4, length || 4);
  }
  const framed = body.subarray(0, at);
  for (const _ of splitPktLines(framed));
  return framed;
}

/** A forge whose server is watched. */
export interface WatchedForge {
  readonly forge: GitForge;
  readonly client: ForgeClient;
  readonly watch: ServerWatch;
  close(): Promise<void>;
}

/** @param historyCommitsMin from how many commits on a thread reads what they bring */
export async function openWatchedForge(historyCommitsMin?: number): Promise<WatchedForge> {
  const watch = new ServerWatch();
  const forge = await GitForge.start(undefined, undefined, undefined, {
    blobs: watch.blobs,
    log: watch.log,
    ...(historyCommitsMin !== undefined && { historyCommitsMin }),
  });
  const client = await ForgeClient.open(forge.port, forge.accounts, forge.owner.userId);
  const close = async () => {
    client.close();
    watch.close();
    await forge.close();
  };
  return { forge, client, watch, close };
}

/** What a generated repository holds, pushed; what no ref leads to, pushed and deleted again; and some of it hidden. */
export async function storeRepository(
  forge: GitForge,
  name: string,
  { model, refs, headTarget, unreachable }: GeneratedRepository,
  settings: StoredGitSettings = { 'transfer.hideRefs': [HIDDEN_PREFIX] },
): Promise<RepositoryRecord> {
  const record = await forge.createRepository(name, { objectFormat: model.format });
  const create = [...refs].map(([ref, id]) => ({ name: ref, oldId: model.zeroId, newId: id }));
  if (create.length > 0) await receive(forge, record, create, model.pack(model.closure(refs.values())));
  const lost = unreachable.filter((id) => model.get(id).type === 'commit');
  const commands = lost.map((id, index) => ({ name: `refs/heads/lost-${index}`, oldId: model.zeroId, newId: id }));
  if (lost.length > 0) await receive(forge, record, commands, model.pack(model.closure(lost)));
  await forge.engine.setHead(record.id, headTarget);
  if (lost.length > 0) {
    await receive(
      forge,
      record,
      commands.map(({ name: ref, newId }) => ({ name: ref, oldId: newId, newId: model.zeroId })),
    );
  }
  const { sql } = forge.accounts.database;
  await sql`update repository set git_settings = ${sql.json(settings as never)} where id = ${record.id}`;
  return record;
}

async function receive(
  { engine, owner }: GitForge,
  record: RepositoryRecord,
  commands: { name: string; oldId: string; newId: string }[],
  pack?: Buffer,
): Promise<void> {
  await pushIntoEngine(engine, { repositoryId: record.id, actorId: owner.userId, commands, pack });
}
