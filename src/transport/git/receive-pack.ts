/**
 * receive-pack: takes pushes — gitprotocol-pack(5), "Pushing Data To a Server"; git's `builtin/receive-pack.c`. What carries
 * the bytes is the session's business: SSH calls `serveReceivePack`, HTTP the two steps of it, between which it may have to create the
 * repository.
 */
import { objectFormatOf } from '#git/object/object-id.ts';
import { encodePktLine, encodePktLines } from '#git/pkt-line/encode.ts';
import { PktLineReader } from '#git/pkt-line/pkt-line-reader.ts';
import { certificateHeader } from '#git/protocol/push-certificate.ts';
import {
  advertiseForReceivePack,
  type ReceiveAdvertisement,
  type ReceiveOffers,
} from '#git/protocol/receive-advertisement.ts';
import {
  bringsPack,
  type PktSource,
  type ReceiveCommand,
  type ReceiveRequest,
  readReceiveRequest,
} from '#git/protocol/receive-request.ts';
import type { PushReport, RefReport } from '#git/protocol/report-status.ts';
import type { Ref } from '#git/ref-store.ts';
import { isHiddenRef } from '#git/refs/hidden-refs.ts';
import { OverloadedError } from '#repository/admission.ts';
import { DEFAULT_GIT_SETTINGS, type GitSettings, refsHiddenFromPushes } from '#repository/git-settings.ts';
import type { PushCertificate, PushRequest, RefCommand, RefOutcome } from '#repository/repository-engine.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { GitDialogue, GitSession } from './git-session.ts';
import { doHeavyWork } from './heavy-work.ts';
import { PushAnswer } from './push-answer.ts';

/**
 * Serves one run of receive-pack.
 *
 * @param input what the client sends, at its own pace; left where the push ends
 */
export async function serveReceivePack(
  session: GitSession,
  input: AsyncIterable<Uint8Array>,
  dialogue: GitDialogue,
): Promise<void> {
  const { repository, output } = session;
  const issuedNonce = dialogue === 'stateful' ? await advertise(session) : undefined;
  const format = objectFormatOf(repository.objectFormat);
  const reader = new PktLineReader(input);
  let request: ReceiveRequest | undefined;
  try {
    request = await readPush(reader, repository);
  } catch (error) {
    await output.write(encodePktLine(`ERR ${session.describe(error)}`));
    return;
  }
  if (!request) return;
  const pack = bringsPack(request, format) ? reader.rest() : undefined;
  const answer = new PushAnswer(output, request);
  try {
    await answer.finish(await runPush(session, { request, pack, dialogue, issuedNonce }, answer));
  } finally {
    answer.abandon();
  }
}

/** @returns the nonce that was said */
async function advertise(session: GitSession): Promise<string | undefined> {
  const { services, repository, signal } = session;
  const { refs } = await services.engine.snapshot(repository.id, signal);
  const nonce = await services.pushNonces.issue(repository);
  const pkts = advertiseForReceivePack(receiveAdvertisement(session, repository, refs.refs, nonce));
  for (const bytes of encodePktLines(pkts)) await session.output.write(bytes);
  return nonce;
}

/** What a push creates is like this. */
export const NEW_REPOSITORY = { gitSettings: DEFAULT_GIT_SETTINGS, objectFormat: 'sha1' } as const;

/** What receive-pack says of a repository, or of one that a push would create. */
export function receiveAdvertisement(
  { version, agent, sessionId }: Pick<GitSession, 'version' | 'agent' | 'sessionId'>,
  { gitSettings, objectFormat }: Pick<RepositoryRecord, 'gitSettings' | 'objectFormat'>,
  refs: readonly Ref[],
  certificateNonce: string | undefined,
): ReceiveAdvertisement {
  const hidden = refsHiddenFromPushes(gitSettings);
  return {
    refs: refs.filter(({ name }) => !isHiddenRef(name, hidden)),
    format: objectFormatOf(objectFormat),
    agent,
    sessionId: gitSettings['transfer.advertiseSID'] ? sessionId : undefined,
    offers: receiveOffers(gitSettings),
    certificateNonce,
    version: version === 1 ? 1 : 0,
  };
}

/** @returns undefined when there is nothing to push @throws {ProtocolError} @throws {LimitExceededError} */
export function readPush(
  source: PktSource,
  { objectFormat, gitSettings }: Pick<RepositoryRecord, 'gitSettings' | 'objectFormat'>,
): Promise<ReceiveRequest | undefined> {
  return readReceiveRequest(source, objectFormatOf(objectFormat), receiveOffers(gitSettings), {
    commandsMax: gitSettings['limits.maxCommands'],
    refNameMaxBytes: gitSettings['limits.maxRefName'],
  });
}

function receiveOffers(settings: GitSettings): ReceiveOffers {
  return { atomic: settings['receive.advertiseAtomic'], pushOptions: settings['receive.advertisePushOptions'] };
}

export interface Push {
  readonly request: ReceiveRequest;
  /** What follows the request; undefined when nothing does. */
  readonly pack: AsyncIterable<Uint8Array> | undefined;
  readonly dialogue: GitDialogue;
  /** What was said for a certificate in this dialogue; undefined where it was said in another request, or not at all. */
  readonly issuedNonce?: string | undefined;
}

/**
 * Carries a push out. What goes wrong is in the report; the answer is left to be finished.
 *
 * @throws {OverloadedError} before anything was read of the pack
 */
export async function runPush(session: GitSession, push: Push, answer: PushAnswer): Promise<PushReport> {
  const { request } = push;
  if (request.refusal !== undefined) return { unpackError: request.refusal, refs: [] };
  if (request.clientSessionId !== undefined) {
    session.log.info({ clientSessionId: request.clientSessionId.slice(0, 256) }, 'push');
  }
  try {
    const certificate = await readCertificate(session, push);
    const engineRequest = toEngineRequest(session, push, certificate, answer);
    const receive = () => session.services.engine.receive(engineRequest);
    const outcome = await (push.pack === undefined ? receive() : doHeavyWork(session, receive));
    const refs = outcome.refs.map((ref, index) => toRefReport(ref, request.commands[index] as ReceiveCommand));
    return { unpackError: outcome.unpackError, refs };
  } catch (error) {
    if (error instanceof OverloadedError) throw error;
    const refs = request.commands.map((command) => rejection(command, 'unpacker error'));
    return { unpackError: session.describe(error), refs };
  }
}

async function readCertificate(
  { services, repository }: GitSession,
  { request: { certificate }, issuedNonce }: Push,
): Promise<PushCertificate | undefined> {
  if (!certificate) return undefined;
  const [nonce] = certificateHeader(certificate, 'nonce', 1);
  return {
    bytes: certificate,
    nonceStatus: await services.pushNonces.judge(repository, { nonce, issued: issuedNonce }),
  };
}

function toEngineRequest(
  session: GitSession,
  { request, pack, dialogue }: Push,
  certificate: PushCertificate | undefined,
  answer: PushAnswer,
): PushRequest {
  const { principal, repository, signal } = session;
  return {
    repositoryId: repository.id,
    actorId: principal.kind === 'user' ? principal.userId : undefined,
    settings: repository.gitSettings,
    shallowIds: request.shallowIds,
    commands: request.commands.map(toRefCommand),
    atomic: request.atomic,
    pushOptions: request.pushOptions,
    certificate,
    pack,
    packEnd: dialogue === 'stateful' ? 'at-trailer' : 'with-source',
    signal,
    onPackConsumed: () => {
      if (!signal.aborted) answer.begin();
    },
    onProgress: (line) => answer.progress(line),
    onMessage: (line) => answer.message(line),
  };
}

function toRefCommand({ name, oldId, newId, nameBytes, refusal }: ReceiveCommand): RefCommand {
  const reason = nameBytes ? 'ref name is not UTF-8' : refusal;
  return { name, oldId, newId, ...(reason !== undefined && { refusal: reason }) };
}

function toRefReport(ref: RefOutcome, command: ReceiveCommand): RefReport {
  if (ref.kind === 'rejected') return rejection(command, ref.reason);
  return { kind: 'ok', name: ref.name };
}

function rejection({ name, nameBytes }: ReceiveCommand, reason: string): RefReport {
  return { kind: 'rejected', name: nameBytes ?? name, reason };
}
