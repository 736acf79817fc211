/** `GET /<owner>/<repository>/info/refs?service=…` — gitprotocol-http(5), "Discovering References". */
import { encodePktLines, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { advertiseForReceivePack } from '#git/protocol/receive-advertisement.ts';
import { advertiseForUploadPack, serviceAnnouncement } from '#git/protocol/ref-advertisement.ts';
import { advertiseV2Capabilities } from '#git/protocol/v2-capability-advertisement.ts';
import { acceptedEncodings } from '#http/accept-encoding.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import type { GitAccess } from '../git/git-access.ts';
import { NEW_REPOSITORY, pushTarget, receiveAdvertisement, receiveListingKind } from '../git/receive-pack.ts';
import type { RefListing } from '../git/ref-listings.ts';
import { uploadAdvertisement, uploadListingKind } from '../git/upload-pack-v0.ts';
import { v2Advertisement } from '../git/upload-pack-v2.ts';
import type { GitExchange } from './git-exchange.ts';
import type { GitService } from './git-path.ts';
import { notFound } from './http-refusal.ts';

export async function answerInfoRefs(exchange: GitExchange, access: GitAccess, service: GitService): Promise<void> {
  const { pieces, encoding } = await advertisement(exchange, access, service);
  exchange.response.begin(`application/x-${service}-advertisement`, 'keep', encoding);
  if (exchange.request.method !== 'HEAD') for (const bytes of pieces) await exchange.response.write(bytes);
  exchange.response.end();
}

async function advertisement(exchange: GitExchange, access: GitAccess, service: GitService): Promise<RefListing> {
  if (service === 'git-receive-pack') return pushAdvertisement(exchange, access);
  // Archives have no refs of their own to announce: clients ask upload-pack for the protocol's version.
  if (service === 'git-upload-archive') return plain(serviceAnnouncement(service));
  return fetchAdvertisement(exchange, access);
}

async function fetchAdvertisement(exchange: GitExchange, access: GitAccess): Promise<RefListing> {
  const { services, version, agent, context, signal } = exchange;
  if (access.kind !== 'existing') throw notFound();
  const { repository } = access;
  const session = { version, agent, sessionId: context.requestId };
  if (version === 2) return plain(advertiseV2Capabilities(v2Advertisement(session, repository)));
  const snapshot = await services.engine.snapshot(repository.id, signal);
  return list(exchange, snapshot, uploadListingKind(repository), () =>
    announced(
      'git-upload-pack',
      advertiseForUploadPack(uploadAdvertisement(session, repository, snapshot.refs, 'stateless')),
    ),
  );
}

async function pushAdvertisement(exchange: GitExchange, access: GitAccess): Promise<RefListing> {
  const { services, version, agent, context, signal } = exchange;
  const session = { version, agent, sessionId: context.requestId };
  // There is no push in version 2, so a client that asks for it gets version 0, and like git's backend no announcement.
  const announce = (pkts: Iterable<OutgoingPkt>) => (version === 2 ? pkts : announced('git-receive-pack', pkts));
  if (access.kind !== 'existing') {
    return plain(announce(advertiseForReceivePack(receiveAdvertisement(session, NEW_REPOSITORY, [], undefined))));
  }
  const { repository } = access;
  const snapshot = await services.engine.snapshot(repository.id, signal);
  const nonce = await services.pushNonces.issue(repository);
  const target = pushTarget(repository);
  return list(exchange, snapshot, receiveListingKind(repository), () =>
    announce(advertiseForReceivePack(receiveAdvertisement(session, target, snapshot.refs.refs, nonce))),
  );
}

function plain(pkts: Iterable<OutgoingPkt>): RefListing {
  return { pieces: encodePktLines(pkts), encoding: 'plain' };
}

function list(
  { services, request }: GitExchange,
  snapshot: RepositorySnapshot,
  kind: string,
  makePkts: () => Iterable<OutgoingPkt>,
): Promise<RefListing> {
  const takesGzip = acceptedEncodings(request.headers['accept-encoding']).has('gzip');
  return services.refListings.list(snapshot, kind, makePkts, takesGzip ? 'gzip' : 'plain');
}

function* announced(service: GitService, refs: Iterable<OutgoingPkt>): Generator<OutgoingPkt> {
  yield* serviceAnnouncement(service);
  yield* refs;
}
