/** `POST /<owner>/<repository>/git-upload-pack`: fetches and clones — gitprotocol-http(5), gitprotocol-v2(5). */
import { type ObjectId, objectFormatOf } from '#git/object/object-id.ts';
import type { OutgoingPkt } from '#git/pkt-line/encode.ts';
import { splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { BareChannel, type PackChannel, SideBandChannel, SMALL_BAND_PAYLOAD_BYTES } from '#git/pkt-line/side-band.ts';
import { type FetchRequestV2, parseFetchRequestV2 } from '#git/protocol/fetch-request-v2.ts';
import { answerLsRefs, parseLsRefsRequest } from '#git/protocol/ls-refs.ts';
import { type NegotiationContext, negotiateV0, negotiateV2 } from '#git/protocol/negotiation.ts';
import type { PackPreferences } from '#git/protocol/pack-preferences.ts';
import { parseUploadRequestV0, type UploadRequestV0 } from '#git/protocol/upload-request-v0.ts';
import { parseV2Request } from '#git/protocol/v2-request.ts';
import { checkWants } from '#git/protocol/want-check.ts';
import { limits } from '#limits.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { ExistingRepository } from '../git/git-access.ts';
import { doHeavyWork } from '../git/heavy-work.ts';
import type { GitExchange } from './git-exchange.ts';

const RESULT_TYPE = 'application/x-git-upload-pack-result';

export async function answerUploadPack(exchange: GitExchange, access: ExistingRepository): Promise<void> {
  try {
    // As in git, the request is read whole before an answer begins, so that neither side waits for the other.
    const body = await exchange.body.readAll(limits.requestBufferMaxBytes);
    if (exchange.version === 2) await answerV2(exchange, access, body);
    else await answerV0(exchange, access, body);
    exchange.response.end();
  } catch (error) {
    await exchange.answerError(error, RESULT_TYPE);
  }
}

async function answerV2(exchange: GitExchange, access: ExistingRepository, body: Uint8Array): Promise<void> {
  const { repository } = access;
  const format = objectFormatOf(repository.objectFormat);
  const request = parseV2Request(splitPktLines(body), format);
  switch (request?.command) {
    case undefined:
      return exchange.response.begin(RESULT_TYPE);
    case 'ls-refs':
      return listRefs(exchange, repository, request.argumentLines);
    case 'fetch':
      return fetchV2(exchange, access, parseFetchRequestV2(request.argumentLines, format));
  }
}

async function listRefs(
  exchange: GitExchange,
  repository: RepositoryRecord,
  argumentLines: readonly string[],
): Promise<void> {
  const request = parseLsRefsRequest(argumentLines);
  const { refs } = await exchange.services.engine.snapshot(repository.id, exchange.signal);
  exchange.response.begin(RESULT_TYPE);
  await exchange.writePkts(answerLsRefs(refs, request));
}

async function fetchV2(exchange: GitExchange, access: ExistingRepository, request: FetchRequestV2): Promise<void> {
  const { repository, principal } = access;
  const snapshot = await openChecked(exchange, repository, request.wants);
  const answer = negotiateV2(request, await negotiationContext(snapshot, request));
  if (!answer.sendsPack) return begin(exchange, answer.pkts);
  const order = { snapshot, wants: request.wants, haves: answer.common, preferences: request };
  await doHeavyWork(exchange.session(repository, principal), async () => {
    await begin(exchange, [...answer.pkts, 'packfile\n']);
    await sendPack(exchange, new SideBandChannel(exchange.response), order);
  });
}

async function answerV0(exchange: GitExchange, access: ExistingRepository, body: Uint8Array): Promise<void> {
  const { repository, principal } = access;
  const request = parseUploadRequestV0(splitPktLines(body), objectFormatOf(repository.objectFormat));
  const snapshot = await openChecked(exchange, repository, request.wants);
  const answer = negotiateV0(request, await negotiationContext(snapshot, request));
  if (!answer.sendsPack) return begin(exchange, answer.pkts);
  const order = { snapshot, wants: request.wants, haves: answer.common, preferences: request };
  await doHeavyWork(exchange.session(repository, principal), async () => {
    await begin(exchange, answer.pkts);
    await sendPack(exchange, channelV0(exchange, request), order);
  });
}

async function begin(exchange: GitExchange, pkts: Iterable<OutgoingPkt>): Promise<void> {
  exchange.response.begin(RESULT_TYPE);
  await exchange.writePkts(pkts);
}

function channelV0(exchange: GitExchange, request: UploadRequestV0): PackChannel {
  switch (request.sideBand) {
    case 'none':
      return new BareChannel(exchange.response);
    case 'small':
      return new SideBandChannel(exchange.response, SMALL_BAND_PAYLOAD_BYTES);
    case 'large':
      return new SideBandChannel(exchange.response);
  }
}

/** @throws {ProtocolError} a want that the client may not have */
async function openChecked(
  exchange: GitExchange,
  repository: RepositoryRecord,
  wants: readonly ObjectId[],
): Promise<RepositorySnapshot> {
  const snapshot = await exchange.services.engine.snapshot(repository.id, exchange.signal);
  await checkWants(wants, snapshot.refs, () => snapshot.objects.commitGraph());
  return snapshot;
}

async function negotiationContext(
  snapshot: RepositorySnapshot,
  request: { readonly wants: readonly ObjectId[]; readonly haves: readonly ObjectId[] },
): Promise<NegotiationContext> {
  const { wants, haves } = request;
  const present = await snapshot.containsMany(haves);
  const known = new Set(haves.filter((_, index) => present[index]));
  return { wants, known, graph: await snapshot.objects.commitGraph() };
}

interface PackOrder {
  readonly snapshot: RepositorySnapshot;
  readonly wants: readonly ObjectId[];
  readonly haves: readonly ObjectId[];
  readonly preferences: PackPreferences;
}

/** Sends the pack and ends the channel; an error on the way ends it too, in the channel's own manner. */
async function sendPack(exchange: GitExchange, channel: PackChannel, order: PackOrder): Promise<void> {
  channel.startKeepalive();
  try {
    await streamPack(exchange, channel, order);
    await channel.end();
  } catch (error) {
    channel.stopKeepalive();
    if (exchange.signal.aborted) throw error;
    await channel.fail(exchange.describe(error));
  }
}

async function streamPack(exchange: GitExchange, channel: PackChannel, order: PackOrder): Promise<void> {
  const { snapshot, wants, haves, preferences } = order;
  const { thinPack, ofsDelta, includeTag, noProgress } = preferences;
  const onProgress = noProgress ? {} : { onProgress: (line: string) => channel.progress(line) };
  const request = {
    wants,
    haves,
    thinPack,
    ofsDelta,
    includeTag,
    visibleRefs: snapshot.refs.refs,
    clientShallow: [],
    shallowUpdate: undefined,
    filter: undefined,
    signal: exchange.signal,
    ...onProgress,
  };
  const plan = await exchange.services.engine.planPack(snapshot, request);
  for await (const chunk of plan.stream()) await channel.data(chunk);
}
