/**
 * What receive-pack says before the client speaks: every ref that a push may touch, and what the server can do —
 * gitprotocol-pack(5), "Reference Discovery"; git's `write_head_info`. There is no version 2 of pushing.
 */
import { randomBytes } from 'node:crypto';
import type { ObjectFormats } from '#git/object/object-id.ts';
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import type { Ref } from '#git/ref-store.ts';

export interface ReceiveAdvertisement {
  /** What may be seen, sorted by name. */
  readonly refs: Iterable<Ref>;
  /** The repository's; of one that the push creates all that it may have, the ids of the advertisement being of the first. */
  readonly formats: ObjectFormats;
  readonly agent: string;
  /** Undefined: not told. */
  readonly sessionId: string | undefined;
  readonly offers: ReceiveOffers;
  /** What the client is to sign with its push; undefined where pushes are not signed. */
  readonly certificateNonce: string | undefined;
  /** Version 1 is version 0 with a line that says so. */
  readonly version: 0 | 1;
}

/** Capabilities that a repository may offer or not; what was not offered is disregarded when a client asks for it, as git does. */
export interface ReceiveOffers {
  readonly atomic: boolean;
  readonly pushOptions: boolean;
}

/** Every ref by name: no HEAD and no peeled tags, for neither can be pushed to. */
export function* advertiseForReceivePack(advertisement: ReceiveAdvertisement): Generator<OutgoingPkt> {
  if (advertisement.version === 1) yield 'version 1\n';
  let capabilities = `\0${capabilityList(advertisement)}`;
  for (const ref of advertisement.refs) {
    yield `${ref.target} ${ref.name}${capabilities}\n`;
    capabilities = '';
  }
  // With no ref to hang the capabilities on, they hang on a name that is none.
  if (capabilities !== '') yield `${nameless(advertisement.formats)}${capabilities}\n`;
  yield FLUSH;
}

/**
 * git of the format that is not the first gives up on the usual name (`unexpected capabilities^{}`, git 2.39), and takes what a
 * server has besides its refs: here an id that nobody has. gitprotocol-capabilities(5), "object-format".
 */
function nameless([format, ...others]: ObjectFormats): string {
  if (others.length === 0) return `${format.zeroId} capabilities^{}`;
  return `${randomBytes(format.idBytes).toString('hex')} .have`;
}

function capabilityList({ offers, certificateNonce, formats, sessionId, agent }: ReceiveAdvertisement): string {
  return [
    'report-status report-status-v2 delete-refs side-band-64k quiet',
    ...(offers.atomic ? ['atomic'] : []),
    'ofs-delta',
    ...(certificateNonce === undefined ? [] : [`push-cert=${certificateNonce}`]),
    ...(offers.pushOptions ? ['push-options'] : []),
    ...(sessionId === undefined ? [] : [`session-id=${sessionId}`]),
    `object-format=${formats[0].name}`,
    [`agent=${agent}`, ...otherFormats(formats)].join('\t'),
  ].join(' ');
}

/**
 * go-git does not take a capability twice, and libgit2 no value with a tab in it. Both part the list at spaces alone and look at no
 * agent: behind a tab there, which is white space to git, only git finds the other formats.
 */
function otherFormats([, ...others]: ObjectFormats): string[] {
  return others.map(({ name }) => `object-format=${name}`);
}
