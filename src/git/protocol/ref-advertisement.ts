/**
 * The refs that a server shows before the client speaks, in protocol v0 and v1 — gitprotocol-pack(5), "Reference Discovery";
 * gitprotocol-http(5), "Smart Server Response".
 */
import type { ObjectFormat, ObjectId } from '#git/object/object-id.ts';
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import type { RefSnapshot } from '#git/ref-store.ts';

export interface AdvertisementContext {
  readonly refs: RefSnapshot;
  readonly format: ObjectFormat;
  readonly agent: string;
  /** Version 1 is version 0 with a line that says so. */
  readonly version: 0 | 1;
  /** Undefined: none is told. */
  readonly sessionId: string | undefined;
  readonly offers: UploadOffers;
}

/** What upload-pack offers beyond what it always can. */
export interface UploadOffers {
  readonly tipInWant: boolean;
  readonly reachableInWant: boolean;
  /** The pack may follow `ready`: of use where each round is a request of its own. */
  readonly noDone: boolean;
  readonly filter: boolean;
}

const UPLOAD_PACK_CAPABILITIES =
  'multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative no-progress include-tag multi_ack_detailed';

/** What opens an answer to `info/refs?service=…` in v0 and v1, and in v2 is left out. */
export function* serviceAnnouncement(service: string): Generator<OutgoingPkt> {
  yield `# service=${service}\n`;
  yield FLUSH;
}

/** HEAD first, then every ref by name, annotated tags with what they lead to. */
export function advertiseForUploadPack(context: AdvertisementContext): Generator<OutgoingPkt> {
  return advertise(context, uploadPackRefs(context.refs), uploadPackCapabilities(context));
}

/** In the order of git's `write_v0_ref`. */
function uploadPackCapabilities({ refs, format, agent, sessionId, offers }: AdvertisementContext): string {
  const capabilities = [UPLOAD_PACK_CAPABILITIES];
  if (offers.tipInWant) capabilities.push('allow-tip-sha1-in-want');
  if (offers.reachableInWant) capabilities.push('allow-reachable-sha1-in-want');
  if (offers.noDone) capabilities.push('no-done');
  if (refs.find('HEAD')) capabilities.push(`symref=HEAD:${refs.headTarget}`);
  if (offers.filter) capabilities.push('filter');
  if (sessionId !== undefined) capabilities.push(`session-id=${sessionId}`);
  capabilities.push(`object-format=${format.name}`, `agent=${agent}`);
  return capabilities.join(' ');
}

interface AdvertisedRef {
  readonly id: ObjectId;
  readonly name: string;
}

function* uploadPackRefs(refs: RefSnapshot): Generator<AdvertisedRef> {
  const head = refs.find('HEAD');
  if (head) yield { id: head.target, name: 'HEAD' };
  for (const ref of refs.refs) {
    yield { id: ref.target, name: ref.name };
    if (ref.peeled) yield { id: ref.peeled, name: `${ref.name}^{}` };
  }
}

function* advertise(
  context: AdvertisementContext,
  refs: Generator<AdvertisedRef>,
  capabilities: string,
): Generator<OutgoingPkt> {
  if (context.version === 1) yield 'version 1\n';
  const first = refs.next();
  // With no ref to hang the capabilities on, they hang on a name that is none.
  const { id, name } = first.done ? { id: context.format.zeroId, name: 'capabilities^{}' } : first.value;
  yield `${id} ${name}\0${capabilities}\n`;
  for (const ref of refs) yield `${ref.id} ${ref.name}\n`;
  yield FLUSH;
}
