/** `GET /<owner>/<repository>/info/refs?service=…` — gitprotocol-http(5), "Discovering References". */
import type { OutgoingPkt } from '#git/pkt-line/encode.ts';
import { advertiseForReceivePack } from '#git/protocol/receive-advertisement.ts';
import { advertiseForUploadPack, serviceAnnouncement } from '#git/protocol/ref-advertisement.ts';
import { advertiseV2Capabilities } from '#git/protocol/v2-capability-advertisement.ts';
import type { GitAccess } from '../git/git-access.ts';
import { NEW_REPOSITORY, pushTarget, receiveAdvertisement } from '../git/receive-pack.ts';
import { uploadAdvertisement } from '../git/upload-pack-v0.ts';
import { v2Advertisement } from '../git/upload-pack-v2.ts';
import type { GitExchange } from './git-exchange.ts';
import type { GitService } from './git-path.ts';
import { notFound } from './http-refusal.ts';

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
  if (service === 'git-receive-pack') return pushAdvertisement(exchange, access);
  // Archives have no refs of their own to announce: clients ask upload-pack for the protocol's version.
  if (service === 'git-upload-archive') return serviceAnnouncement(service);
  return fetchAdvertisement(exchange, access);
}

async function fetchAdvertisement(exchange: GitExchange, access: GitAccess): Promise<Iterable<OutgoingPkt>> {
  const { services, version, agent, context, signal } = exchange;
  if (access.kind !== 'existing') throw notFound();
  const { repository } = access;
  const session = { version, agent, sessionId: context.requestId };
  if (version === 2) return advertiseV2Capabilities(v2Advertisement(session, repository));
  const { refs } = await services.engine.snapshot(repository.id, signal);
  return announced(
    'git-upload-pack',
    advertiseForUploadPack(uploadAdvertisement(session, repository, refs, 'stateless')),
  );
}

async function pushAdvertisement(exchange: GitExchange, access: GitAccess): Promise<Iterable<OutgoingPkt>> {
  const { services, version, agent, context, signal } = exchange;
  const exists = access.kind === 'existing';
  const target = exists ? pushTarget(access.repository) : NEW_REPOSITORY;
  const refs = exists ? (await services.engine.snapshot(access.repository.id, signal)).refs.refs : [];
  const nonce = exists ? await services.pushNonces.issue(access.repository) : undefined;
  const session = { version, agent, sessionId: context.requestId };
  const pkts = advertiseForReceivePack(receiveAdvertisement(session, target, refs, nonce));
  // There is no push in version 2, so a client that asks for it gets version 0, and like git's backend no announcement.
  return version === 2 ? pkts : announced('git-receive-pack', pkts);
}

function* announced(service: GitService, refs: Iterable<OutgoingPkt>): Generator<OutgoingPkt> {
  yield* serviceAnnouncement(service);
  yield* refs;
}
