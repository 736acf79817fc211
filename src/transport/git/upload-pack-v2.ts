/** upload-pack in protocol v2 — gitprotocol-v2(5): a server that answers one command after another, each by itself. */
import { toHex } from '#bytes/hex.ts';
import { ProtocolError } from '#git/errors.ts';
import { type ObjectId, objectFormatOf } from '#git/object/object-id.ts';
import type { BoundedPktSource } from '#git/pkt-line/bounded-pkt-source.ts';
import { DELIM, encodePktLine, encodePktLines, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { SideBandChannel } from '#git/pkt-line/side-band.ts';
import { answerBundleUri, readNoArguments } from '#git/protocol/bundle-uri.ts';
import { type FetchRequestV2, readFetchRequestV2 } from '#git/protocol/fetch-request-v2.ts';
import { answerLsRefs, readLsRefsRequest } from '#git/protocol/ls-refs.ts';
import { CommonObjects, negotiateV2 } from '#git/protocol/negotiation.ts';
import { answerObjectInfo, readObjectInfoRequest } from '#git/protocol/object-info.ts';
import { asksForDepth } from '#git/protocol/shallow-request.ts';
import { advertiseV2Capabilities, type V2Advertisement } from '#git/protocol/v2-capability-advertisement.ts';
import { readV2Request, type V2Command, type V2Request } from '#git/protocol/v2-request.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { FetchContext } from './fetch-context.ts';
import type { GitDialogue, GitSession } from './git-session.ts';
import { doHeavyWork } from './heavy-work.ts';
import { offerPacks, type PackOffer } from './pack-offers.ts';
import { planPack, sendPack } from './pack-sending.ts';
import { shallowLines } from './upload-pack-v0.ts';

const LOGGED_TEXT_MAX = 256;

export async function serveUploadPackV2(
  session: GitSession,
  source: BoundedPktSource,
  dialogue: GitDialogue,
): Promise<void> {
  const advertisement = v2Advertisement(session, session.repository);
  if (dialogue === 'stateful') await write(session, advertiseV2Capabilities(advertisement));
  const { format, commands, sessionId } = advertisement;
  for (;;) {
    const request = await readV2Request(source, format, { commands, sessionId: sessionId !== undefined });
    if (request === undefined) return;
    logClient(session, request);
    await answer(session, request, advertisement);
    if (dialogue === 'stateless') return;
    source.reset();
  }
}

/** What upload-pack offers of a repository. */
export function v2Advertisement(
  { agent, sessionId }: Pick<GitSession, 'agent' | 'sessionId'>,
  { gitSettings, objectFormat }: Pick<RepositoryRecord, 'gitSettings' | 'objectFormat'>,
): V2Advertisement {
  const commands = new Set<V2Command>(['ls-refs', 'fetch']);
  if (gitSettings['transfer.advertiseObjectInfo']) commands.add('object-info');
  if (gitSettings['uploadpack.advertiseBundleURIs']) commands.add('bundle-uri');
  return {
    format: objectFormatOf(objectFormat),
    agent,
    sessionId: gitSettings['transfer.advertiseSID'] ? sessionId : undefined,
    commands,
    fetch: {
      filter: gitSettings['uploadpack.allowFilter'],
      refInWant: gitSettings['uploadpack.allowRefInWant'],
      sidebandAll: gitSettings['uploadpack.allowSidebandAll'],
      packfileUris: gitSettings['uploadpack.packfileURIs'],
    },
  };
}

function logClient(session: GitSession, { command, agent, sessionId, serverOptions }: V2Request): void {
  const shorten = (text: string | undefined) => text?.slice(0, LOGGED_TEXT_MAX);
  const fields = { command, clientAgent: shorten(agent), clientSessionId: shorten(sessionId) };
  session.log.debug({ ...fields, serverOptions: serverOptions.slice(0, 8).map(shorten) }, 'fetch');
}

async function answer(session: GitSession, request: V2Request, advertisement: V2Advertisement): Promise<void> {
  const { argumentLines } = request;
  switch (request.command) {
    case 'ls-refs': {
      const lsRefs = await readLsRefsRequest(argumentLines);
      const { visible } = await FetchContext.open(session);
      return write(session, answerLsRefs(visible, lsRefs));
    }
    case 'fetch':
      return answerFetch(session, await readFetch(session, argumentLines, advertisement));
    case 'object-info': {
      const objectInfo = await readObjectInfoRequest(argumentLines, advertisement.format);
      const context = await FetchContext.open(session);
      return write(session, answerObjectInfo(objectInfo, await context.sizes(objectInfo.ids)));
    }
    case 'bundle-uri': {
      await readNoArguments(argumentLines);
      const { services, repository, signal } = session;
      const { snapshot } = await FetchContext.open(session);
      return write(session, answerBundleUri(await services.bundles.find(repository, snapshot, signal)));
    }
  }
}

function readFetch(
  session: GitSession,
  argumentLines: AsyncIterable<string>,
  { format, fetch: offers }: V2Advertisement,
): Promise<FetchRequestV2> {
  const linesMax = session.repository.gitSettings['limits.maxNegotiationLines'];
  const checkWants = async (wants: readonly ObjectId[]) =>
    (await FetchContext.open(session)).checkWants(wants, 2, 'stateless');
  return readFetchRequestV2(argumentLines, format, offers, checkWants, linesMax);
}

/** An error is told in the band for errors where everything is banded. */
async function answerFetch(session: GitSession, request: FetchRequestV2): Promise<void> {
  try {
    await fetch(session, request);
  } catch (error) {
    if (!request.sidebandAll || session.signal.aborted) throw error;
    await session.output.write(encodePktLine(`\x03${session.describe(error)}`));
  }
}

async function fetch(session: GitSession, request: FetchRequestV2): Promise<void> {
  const context = await FetchContext.open(session);
  const unknownRef = request.wantedRefs.find(({ name }) => context.visible.find(name) === undefined);
  await context.checkWants(request.wants.slice(0, unknownRef?.wantsBefore), 2, 'stateless');
  const wantedRefs = request.wantedRefs.map(({ name }) => ({ name, id: requireRef(context, name) }));
  const wants = [...new Set([...request.wants, ...wantedRefs.map((ref) => ref.id)])];
  const { filter } = request;
  context.requireAllowed(filter);
  const common = new CommonObjects(await context.graphCutAt([]), await context.commitsOf(wants));
  const known = await context.knownHaves(request.haves);
  const answer = negotiateV2({ ...request, wantCount: wants.length }, common, known);
  const writeSection = (pkts: Iterable<OutgoingPkt>) => write(session, request.sidebandAll ? banded(pkts) : pkts);
  if (!answer.sendsPack) return writeSection(answer.pkts);
  const clientShallow = await context.clientShallow(request.shallow);
  const shallowUpdate = await context.deepen(wants, clientShallow, [...known], request.shallow);
  const isAboutDepth = asksForDepth(request.shallow) || clientShallow.length > 0;
  const order = {
    wants,
    haves: common.ids,
    clientShallow,
    shallowUpdate,
    filter: await context.resolve(filter),
    preferences: request,
  };
  const opening = [
    ...answer.pkts,
    // In the order of gitprotocol-v2(5), in which clients read them. git's own server sends them the other way round, and its
    // client then gives up: a shallow clone of a server that offers ref-in-want.
    ...(isAboutDepth ? ['shallow-info\n', ...shallowLines(shallowUpdate), DELIM] : []),
    ...(wantedRefs.length > 0 ? wantedRefsSection(wantedRefs) : []),
  ];
  await doHeavyWork(session, async () => {
    const channel = new SideBandChannel(session.output);
    if (request.uriProtocols.length === 0) {
      await writeSection([...opening, 'packfile\n']);
      return sendPack(session, channel, () => planPack(session, context, order, channel));
    }
    const plan = await planPack(session, context, { ...order, preferences: { ...request, noProgress: true } }, channel);
    const offers = await offerPacks(session, plan, request.uriProtocols);
    await writeSection([...opening, ...packfileUrisSection(offers), 'packfile\n']);
    await sendPack(session, channel, async () => plan, new Set(offers.map((offer) => offer.packId)));
  });
}

/** @throws {ProtocolError} */
function requireRef({ visible }: FetchContext, name: string): ObjectId {
  const ref = visible.find(name);
  if (ref === undefined) throw new ProtocolError(`unknown ref ${name}`);
  return ref.target;
}

function wantedRefsSection(refs: readonly { name: string; id: ObjectId }[]): OutgoingPkt[] {
  return ['wanted-refs\n', ...refs.map(({ name, id }) => `${id} ${name}\n`), DELIM];
}

function packfileUrisSection(offers: readonly PackOffer[]): OutgoingPkt[] {
  if (offers.length === 0) return [];
  return ['packfile-uris\n', ...offers.map(({ trailer, url }) => `${toHex(trailer)} ${url}\n`), DELIM];
}

/** Every line in the band of data; what separates sections stays bare. */
function* banded(pkts: Iterable<OutgoingPkt>): Generator<OutgoingPkt> {
  for (const pkt of pkts) yield typeof pkt === 'string' ? `\x01${pkt}` : pkt;
}

async function write({ output }: GitSession, pkts: Iterable<OutgoingPkt>): Promise<void> {
  for (const bytes of encodePktLines(pkts)) await output.write(bytes);
}
