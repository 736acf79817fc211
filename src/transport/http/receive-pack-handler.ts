/**
 * `POST /<owner>/<repository>/git-receive-pack`: pushes — gitprotocol-http(5), "Smart Service git-receive-pack";
 * gitprotocol-pack(5), "Pushing Data To a Server".
 *
 * Not a byte goes out before the pack has come in: a client behind a buffering proxy, or one that listens only after it has
 * sent everything, would otherwise wait for us while we wait for it.
 */
import type { Principal } from '#auth/principal.ts';
import { objectFormatOf, SHA1 } from '#git/object/object-id.ts';
import { PktLineReader } from '#git/pkt-line/pkt-line-reader.ts';
import { bringsPack, type ReceiveRequest, readReceiveRequest } from '#git/protocol/receive-request.ts';
import type { PushReport, RefReport } from '#git/protocol/report-status.ts';
import type { PushOutcome, PushRequest, RefOutcome } from '#repository/repository-engine.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { CreatableRepository, GitAccess } from '../git/git-access.ts';
import type { GitExchange } from './git-exchange.ts';
import { HttpRefusal, unauthenticated } from './http-refusal.ts';
import { PushAnswer, RECEIVE_PACK_RESULT_TYPE } from './push-answer.ts';

export async function answerReceivePack(exchange: GitExchange, access: GitAccess): Promise<void> {
  const format = access.kind === 'existing' ? objectFormatOf(access.repository.objectFormat) : SHA1;
  try {
    const reader = new PktLineReader(exchange.body.chunks());
    const request = await readReceiveRequest(reader, format);
    if (!request) return await answerProbe(exchange);
    const pack = bringsPack(request.commands, format) ? reader.rest() : undefined;
    const repository = access.kind === 'existing' ? access.repository : await create(exchange, access);
    const created = access.kind === 'creatable';
    await receive(exchange, { repository, created, actor: actorOf(access), request, pack });
  } catch (error) {
    await exchange.answerError(error, RECEIVE_PACK_RESULT_TYPE);
  }
}

/** A lone flush, by which clients find out whether they must authenticate before they send something large. */
async function answerProbe(exchange: GitExchange): Promise<void> {
  await exchange.body.drain();
  exchange.response.begin(RECEIVE_PACK_RESULT_TYPE);
  exchange.response.end();
}

function actorOf(access: GitAccess): Principal {
  if (access.principal.kind === 'anonymous') throw unauthenticated();
  return access.principal;
}

/** @throws {HttpRefusal} */
async function create(exchange: GitExchange, access: CreatableRepository): Promise<RepositoryRecord> {
  const { ownerId, name, principal } = access;
  const outcome = await exchange.services.catalog.create(principal, { ownerId, name, visibility: 'private' });
  switch (outcome.kind) {
    case 'created':
      return outcome.repository;
    case 'name-taken':
      throw new HttpRefusal(409, 'Somebody else created this repository at this moment. Push again.');
    case 'invalid':
      throw new HttpRefusal(422, outcome.reason);
  }
}

interface Push {
  readonly repository: RepositoryRecord;
  /** The repository was made for this push, and goes again when nothing comes into it. */
  readonly created: boolean;
  readonly actor: Principal;
  readonly request: ReceiveRequest;
  readonly pack: AsyncIterable<Uint8Array> | undefined;
}

async function receive(exchange: GitExchange, push: Push): Promise<void> {
  const answer = new PushAnswer(exchange, push.request);
  const report = await runPush(exchange, push, answer);
  if (push.created && report.refs.every((ref) => ref.kind === 'rejected')) await discard(exchange, push.repository);
  try {
    await answer.finish(report);
  } catch {
    // What the push did stands; there is just nobody left who could be told.
    answer.abandon();
  }
}

async function discard(exchange: GitExchange, repository: RepositoryRecord): Promise<void> {
  await exchange.services.catalog.deleteIfEmpty(repository.id).catch((error) => exchange.log(error));
}

async function runPush(exchange: GitExchange, push: Push, answer: PushAnswer): Promise<PushReport> {
  try {
    return toReport(await exchange.services.engine.receive(toEngineRequest(exchange, push, answer)));
  } catch (error) {
    const refs = push.request.commands.map(({ name }) => rejection(name, 'unpacker error'));
    return { unpackError: exchange.describe(error), refs };
  }
}

function toEngineRequest(exchange: GitExchange, push: Push, answer: PushAnswer): PushRequest {
  const { commands, atomic, pushOptions } = push.request;
  return {
    repositoryId: push.repository.id,
    actorId: push.actor.kind === 'user' ? push.actor.userId : undefined,
    settings: push.repository.gitSettings,
    shallowIds: push.request.shallowIds,
    commands,
    atomic,
    pushOptions,
    pack: push.pack,
    signal: exchange.signal,
    onPackConsumed: () => answer.begin(),
    onProgress: (line) => answer.progress(line),
  };
}

function toReport(outcome: PushOutcome): PushReport {
  return { unpackError: outcome.unpackError, refs: outcome.refs.map(toRefReport) };
}

function toRefReport(ref: RefOutcome): RefReport {
  if (ref.kind === 'rejected') return ref;
  return { kind: 'ok', name: ref.name, ...(ref.forced && { options: { forcedUpdate: true } }) };
}

function rejection(name: string, reason: string): RefReport {
  return { kind: 'rejected', name, reason };
}
