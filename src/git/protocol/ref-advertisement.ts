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
}

const UPLOAD_PACK_CAPABILITIES =
  'multi_ack thin-pack side-band side-band-64k ofs-delta no-progress include-tag multi_ack_detailed no-done';

/** What opens an answer to `info/refs?service=…` in v0 and v1, and in v2 is left out. */
export function* serviceAnnouncement(service: string): Generator<OutgoingPkt> {
  yield `# service=${service}\n`;
  yield FLUSH;
}

/** HEAD first, then every ref by name, annotated tags with what they lead to. */
export function advertiseForUploadPack(context: AdvertisementContext): Generator<OutgoingPkt> {
  const { refs, format, agent } = context;
  const symref = refs.find('HEAD') ? ` symref=HEAD:${refs.headTarget}` : '';
  const capabilities = `${UPLOAD_PACK_CAPABILITIES}${symref} object-format=${format.name} agent=${agent}`;
  return advertise(context, uploadPackRefs(refs), capabilities);
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
