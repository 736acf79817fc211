/**
 * `POST /<owner>/<repository>/git-receive-pack`: pushes — gitprotocol-http(5), "Smart Service git-receive-pack";
 * gitprotocol-pack(5), "Pushing Data To a Server".
 *
 * Not a byte goes out before the pack has come in: a client behind a buffering proxy, or one that listens only after it has
 * sent everything, would otherwise wait for us while we wait for it.
 */
import type { ObjectFormatName } from '#git/object/object-id.ts';
import { PktLineReader } from '#git/pkt-line/pkt-line-reader.ts';
import type { ByteSink } from '#git/pkt-line/side-band.ts';
import { bringsPack } from '#git/protocol/receive-request.ts';
import type { PushReport } from '#git/protocol/report-status.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { CreatableRepository, GitAccess } from '../git/git-access.ts';
import { PushAnswer } from '../git/push-answer.ts';
import { NEW_REPOSITORY, type Push, pushTarget, readPush, runPush, runPushThatCreates } from '../git/receive-pack.ts';
import type { GitExchange } from './git-exchange.ts';
import { HttpRefusal, unauthenticated } from './http-refusal.ts';

const RESULT_TYPE = 'application/x-git-receive-pack-result';

export async function answerReceivePack(exchange: GitExchange, access: GitAccess): Promise<void> {
  try {
    if (access.principal.kind === 'anonymous') throw unauthenticated();
    const reader = new PktLineReader(exchange.body.chunks());
    const target = access.kind === 'existing' ? pushTarget(access.repository) : NEW_REPOSITORY;
    const request = await readPush(reader, target);
    if (!request) return await answerProbe(exchange);
    const pack = bringsPack(request) ? reader.rest() : undefined;
    await receive(exchange, access, { request, pack, dialogue: 'stateless' });
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

async function receive(exchange: GitExchange, access: GitAccess, push: Push): Promise<void> {
  const { response, body } = exchange;
  const output = exchange.beginning(RESULT_TYPE);
  const answer = new PushAnswer(output, push.request);
  const report = await run(exchange, access, { push, output, answer });
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

function run(
  exchange: GitExchange,
  access: GitAccess,
  { push, output, answer }: { push: Push; output: ByteSink; answer: PushAnswer },
): Promise<PushReport> {
  const session = (repository: RepositoryRecord) => exchange.session(repository, access.principal, output);
  if (access.kind === 'existing') return runPush(session(access.repository), push, answer);
  const create = async (format: ObjectFormatName) => session(await createRepository(exchange, access, format));
  return runPushThatCreates({ create }, push, answer);
}

/** @throws {HttpRefusal} */
async function createRepository(
  { services }: GitExchange,
  { ownerId, name, principal }: CreatableRepository,
  objectFormat: ObjectFormatName,
): Promise<RepositoryRecord> {
  const outcome = await services.catalog.create(principal, { ownerId, name, visibility: 'private', objectFormat });
  switch (outcome.kind) {
    case 'created':
      return outcome.repository;
    case 'name-taken':
      throw new HttpRefusal(409, 'Somebody else created this repository at this moment. Push again.');
    case 'invalid':
      throw new HttpRefusal(422, outcome.reason);
  }
}
