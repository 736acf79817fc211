/** `GET /<owner>/<repository>/info/refs?service=…` — gitprotocol-http(5), "Discovering References". */
import { objectFormatOf, SHA1 } from '#git/object/object-id.ts';
import type { OutgoingPkt } from '#git/pkt-line/encode.ts';
import {
  type AdvertisementContext,
  advertiseForReceivePack,
  advertiseForUploadPack,
  serviceAnnouncement,
} from '#git/protocol/ref-advertisement.ts';
import { advertiseV2Capabilities } from '#git/protocol/v2-capability-advertisement.ts';
import type { RefSnapshot } from '#git/ref-store.ts';
import type { GitAccess } from '../git/git-access.ts';
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
  if (service === 'git-upload-pack' && version === 2 && access.kind === 'existing') {
    return advertiseV2Capabilities(objectFormatOf(access.repository.objectFormat), agent);
  }
  const context = await advertisementContext(exchange, access);
  const refs = service === 'git-upload-pack' ? advertiseForUploadPack(context) : advertiseForReceivePack(context);
  return version === 2 ? refs : announced(service, refs);
}

async function advertisementContext(exchange: GitExchange, access: GitAccess): Promise<AdvertisementContext> {
  const { services, agent, signal } = exchange;
  const version = exchange.version === 1 ? 1 : 0;
  if (access.kind === 'creatable') return { refs: NO_REFS, format: SHA1, agent, version };
  const { refs } = await services.engine.snapshot(access.repository.id, signal);
  return { refs, format: objectFormatOf(access.repository.objectFormat), agent, version };
}

/** There is no push in version 2, so a client that asks for it gets version 0, and like git's backend no announcement. */
function* announced(service: GitService, refs: Iterable<OutgoingPkt>): Generator<OutgoingPkt> {
  yield* serviceAnnouncement(service);
  yield* refs;
}
