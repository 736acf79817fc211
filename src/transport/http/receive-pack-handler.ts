/**
 * `POST /<owner>/<repository>/git-receive-pack`: pushes — gitprotocol-http(5), "Smart Service git-receive-pack";
 * gitprotocol-pack(5), "Pushing Data To a Server".
 *
 * Not a byte goes out before the pack has come in: a client behind a buffering proxy, or one that listens only after it has
 * sent everything, would otherwise wait for us while we wait for it.
 */
import { objectFormatOf } from '#git/object/object-id.ts';
import { PktLineReader } from '#git/pkt-line/pkt-line-reader.ts';
import { bringsPack } from '#git/protocol/receive-request.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { CreatableRepository, GitAccess } from '../git/git-access.ts';
import type { GitSession } from '../git/git-session.ts';
import { PushAnswer } from '../git/push-answer.ts';
import { NEW_REPOSITORY, type Push, readPush, runPush } from '../git/receive-pack.ts';
import type { GitExchange } from './git-exchange.ts';
import { HttpRefusal, unauthenticated } from './http-refusal.ts';

const RESULT_TYPE = 'application/x-git-receive-pack-result';

export async function answerReceivePack(exchange: GitExchange, access: GitAccess): Promise<void> {
  try {
    if (access.principal.kind === 'anonymous') throw unauthenticated();
    const reader = new PktLineReader(exchange.body.chunks());
    const promised = access.kind === 'existing' ? access.repository : NEW_REPOSITORY;
    const request = await readPush(reader, promised);
    if (!request) return await answerProbe(exchange);
    const pack = bringsPack(request, objectFormatOf(promised.objectFormat)) ? reader.rest() : undefined;
    const isNew = access.kind === 'creatable';
    const repository = access.kind === 'existing' ? access.repository : await create(exchange, access);
    const session = exchange.session(repository, access.principal, exchange.beginning(RESULT_TYPE));
    await receive(exchange, session, { request, pack, dialogue: 'stateless' }, isNew);
  } catch (error) {
    await exchange.answerError(error, RESULT_TYPE);
  }
}

/** A lone flush, by which clients find out whether they must authenticate before they send something large. */
async function answerProbe(exchange: GitExchange): Promise<void> {
  await exchange.body.drain();
  exchange.response.begin(RESULT_TYPE);
  exchange.response.end();
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

/** @param isNew the repository was made for this push, and goes again when nothing comes into it */
async function receive(exchange: GitExchange, session: GitSession, push: Push, isNew: boolean): Promise<void> {
  const { response, body } = exchange;
  const answer = new PushAnswer(session.output, push.request);
  const report = await runPush(session, push, answer).catch(async (error: unknown) => {
    if (isNew) await discard(exchange, session.repository);
    throw error;
  });
  if (isNew && report.refs.every((ref) => ref.kind === 'rejected')) await discard(exchange, session.repository);
  try {
    const drained = await body.drain();
    if (!response.begun && !response.signal.aborted) response.begin(RESULT_TYPE, drained ? 'keep' : 'close');
    await answer.finish(report);
    response.end();
  } catch {
    // What the push did stands; there is just nobody left who could be told.
    answer.abandon();
    response.destroy();
  }
}

async function discard(exchange: GitExchange, repository: RepositoryRecord): Promise<void> {
  await exchange.services.catalog.deleteIfEmpty(repository.id).catch((error) => exchange.log(error));
}
