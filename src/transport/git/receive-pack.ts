/**
 * receive-pack: takes pushes — gitprotocol-pack(5), "Pushing Data To a Server"; git's `builtin/receive-pack.c`. What carries
 * the bytes is the session's business: SSH calls `serveReceivePack` or `servePushThatCreates`, HTTP the steps of
 * them, each in a request of its own.
 */
import { type ObjectFormatName, type ObjectFormats, objectFormatOf, SHA1, SHA256 } from '#git/object/object-id.ts';
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

/** What a push goes to, as far as it matters before there is a repository. */
export interface PushTarget {
  readonly gitSettings: GitSettings;
  readonly formats: ObjectFormats;
}

/** What a push creates is like this, with the format of the push. */
export const NEW_REPOSITORY: PushTarget = { gitSettings: DEFAULT_GIT_SETTINGS, formats: [SHA1, SHA256] };

export function pushTarget({ gitSettings, objectFormat }: RepositoryRecord): PushTarget {
  return { gitSettings, formats: [objectFormatOf(objectFormat)] };
}

/** How a push gets the repository that it creates. */
export interface PushCreation {
  create(objectFormat: ObjectFormatName): Promise<GitSession>;
}

/** A session before its repository exists. */
export type PushingClient = Omit<GitSession, 'repository'>;

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
  const target = pushTarget(session.repository);
  const issuedNonce = dialogue === 'stateful' ? await advertise(session, target) : undefined;
  await servePush(session, target, input, ({ request, pack }, answer) =>
    runPush(session, { request, pack, dialogue, issuedNonce }, answer),
  );
}

/** The same for a repository that does not exist yet, over a connection that both sides keep open. */
export async function servePushThatCreates(
  client: PushingClient,
  input: AsyncIterable<Uint8Array>,
  creation: PushCreation,
): Promise<void> {
  const advertisement = receiveAdvertisement(client, NEW_REPOSITORY, [], undefined);
  for (const bytes of encodePktLines(advertiseForReceivePack(advertisement))) await client.output.write(bytes);
  await servePush(client, NEW_REPOSITORY, input, ({ request, pack }, answer) =>
    runPushThatCreates(creation, { request, pack, dialogue: 'stateful' }, answer),
  );
}

async function servePush(
  { output, describe }: PushingClient,
  target: PushTarget,
  input: AsyncIterable<Uint8Array>,
  run: (push: Pick<Push, 'request' | 'pack'>, answer: PushAnswer) => Promise<PushReport>,
): Promise<void> {
  const reader = new PktLineReader(input);
  let request: ReceiveRequest | undefined;
  try {
    request = await readPush(reader, target);
  } catch (error) {
    await output.write(encodePktLine(`ERR ${describe(error)}`));
    return;
  }
  if (!request) return;
  const pack = bringsPack(request) ? reader.rest() : undefined;
  const answer = new PushAnswer(output, request);
  try {
    await answer.finish(await run({ request, pack }, answer));
  } finally {
    answer.abandon();
  }
}

/** @returns the nonce that was said */
async function advertise(session: GitSession, target: PushTarget): Promise<string | undefined> {
  const { services, repository, signal } = session;
  const snapshot = await services.engine.snapshot(repository.id, signal);
  const nonce = await services.pushNonces.issue(repository);
  const list = () => advertiseForReceivePack(receiveAdvertisement(session, target, snapshot.refs.refs, nonce));
  const { pieces } = await services.refListings.list(snapshot, receiveListingKind(repository), list, 'plain');
  for (const bytes of pieces) await session.output.write(bytes);
  return nonce;
}

/** What the list of refs for pushes depends on beside the refs: see `RefListings`. */
export function receiveListingKind({ gitSettings }: Pick<RepositoryRecord, 'gitSettings'>): string {
  return ['git-receive-pack', ...refsHiddenFromPushes(gitSettings)].join('\n');
}

/** What receive-pack says of a repository, or of one that a push would create. */
export function receiveAdvertisement(
  { version, agent, sessionId }: Pick<GitSession, 'version' | 'agent' | 'sessionId'>,
  { gitSettings, formats }: PushTarget,
  refs: readonly Ref[],
  certificateNonce: string | undefined,
): ReceiveAdvertisement {
  const hidden = refsHiddenFromPushes(gitSettings);
  return {
    // A generator, for most of them are looked at only where the list is not kept from before.
    refs: withoutHidden(refs, hidden),
    formats,
    agent,
    sessionId: gitSettings['transfer.advertiseSID'] ? sessionId : undefined,
    offers: receiveOffers(gitSettings),
    certificateNonce,
    version: version === 1 ? 1 : 0,
  };
}

function* withoutHidden(refs: readonly Ref[], hidden: readonly string[]): Generator<Ref> {
  for (const ref of refs) if (!isHiddenRef(ref.name, hidden)) yield ref;
}

/** @returns undefined when there is nothing to push @throws {ProtocolError} @throws {LimitExceededError} */
export function readPush(source: PktSource, { formats, gitSettings }: PushTarget): Promise<ReceiveRequest | undefined> {
  return readReceiveRequest(source, formats, receiveOffers(gitSettings), {
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

/**
 * Carries out a push into a repository that it creates, and that goes again when nothing came into it.
 *
 * @throws {OverloadedError} before anything was read of the pack
 */
export async function runPushThatCreates(creation: PushCreation, push: Push, answer: PushAnswer): Promise<PushReport> {
  const session = await creation.create(push.request.format.name);
  let report: PushReport | undefined;
  try {
    report = await runPush(session, push, answer);
    return report;
  } finally {
    if (!report?.refs.some((ref) => ref.kind === 'ok')) await discard(session);
  }
}

async function discard({ services, repository, log }: GitSession): Promise<void> {
  await services.catalog.deleteIfEmpty(repository.id).catch((error: unknown) => {
    log.error({ err: error }, 'a repository that a push created was not removed');
  });
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
