/** `GET /<owner>/<repository>/info/refs?service=…` — gitprotocol-http(5), "Discovering References". */
import { objectFormatOf, SHA1 } from '#git/object/object-id.ts';
import type { OutgoingPkt } from '#git/pkt-line/encode.ts';
import { advertiseForReceivePack } from '#git/protocol/receive-advertisement.ts';
import {
  type AdvertisementContext,
  advertiseForUploadPack,
  serviceAnnouncement,
} from '#git/protocol/ref-advertisement.ts';
import { advertiseV2Capabilities } from '#git/protocol/v2-capability-advertisement.ts';
import type { RefSnapshot } from '#git/ref-store.ts';
import type { GitAccess } from '../git/git-access.ts';
import { NEW_REPOSITORY, receiveAdvertisement } from '../git/receive-pack.ts';
import type { GitExchange } from './git-exchange.ts';
import type { GitService } from './git-path.ts';

const NO_REFS: RefSnapshot = { headTarget: 'refs/heads/main', refs: [], find: () => undefined };

export async function answerInfoRefs(exchange: GitExchange, access: GitAccess, service: GitService): Promise<void> {
  const pkts = await advertisement(exchange, access, service);
  exchange.response.begin(`application/x-${service}-advertisement`);
  if (exchange.request.method !== 'HEAD') await exchange.writePkts(pkts);
  exchange.response.end();
}

async function advertisement(
  exchange: GitExchange,
  access: GitAccess,
  service: GitService,
): Promise<Iterable<OutgoingPkt>> {
  const { version, agent } = exchange;
  if (service === 'git-receive-pack') return pushAdvertisement(exchange, access);
  // Archives have no refs of their own to announce: clients ask upload-pack for the protocol's version.
  if (service === 'git-upload-archive') return serviceAnnouncement(service);
  if (version === 2 && access.kind === 'existing') {
    return advertiseV2Capabilities(objectFormatOf(access.repository.objectFormat), agent);
  }
  const context = await advertisementContext(exchange, access);
  const refs = advertiseForUploadPack(context);
  return version === 2 ? refs : announced(service, refs);
}

async function pushAdvertisement(exchange: GitExchange, access: GitAccess): Promise<Iterable<OutgoingPkt>> {
  const { services, version, agent, context, signal } = exchange;
  const exists = access.kind === 'existing';
  const repository = exists ? access.repository : NEW_REPOSITORY;
  const refs = exists ? (await services.engine.snapshot(access.repository.id, signal)).refs.refs : [];
  const session = { version, agent, sessionId: context.requestId };
  const pkts = advertiseForReceivePack(receiveAdvertisement(session, repository, refs));
  // There is no push in version 2, so a client that asks for it gets version 0, and like git's backend no announcement.
  return version === 2 ? pkts : announced('git-receive-pack', pkts);
}

async function advertisementContext(exchange: GitExchange, access: GitAccess): Promise<AdvertisementContext> {
  const { services, agent, signal } = exchange;
  const version = exchange.version === 1 ? 1 : 0;
  if (access.kind === 'creatable') return { refs: NO_REFS, format: SHA1, agent, version };
  const { refs } = await services.engine.snapshot(access.repository.id, signal);
  return { refs, format: objectFormatOf(access.repository.objectFormat), agent, version };
}

function* announced(service: GitService, refs: Iterable<OutgoingPkt>): Generator<OutgoingPkt> {
  yield* serviceAnnouncement(service);
  yield* refs;
}
