/** What a v2 server can do — gitprotocol-v2(5), "Capability Advertisement"; in the order of git's `serve.c`. */
import type { ObjectFormat } from '#git/object/object-id.ts';
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import type { FetchOffers } from './fetch-request-v2.ts';
import type { V2Command } from './v2-request.ts';

export interface V2Advertisement {
  readonly format: ObjectFormat;
  readonly agent: string;
  /** Undefined: none is told. */
  readonly sessionId: string | undefined;
  readonly fetch: FetchOffers;
  readonly commands: ReadonlySet<V2Command>;
}

export function* advertiseV2Capabilities(context: V2Advertisement): Generator<OutgoingPkt> {
  const { format, agent, sessionId, commands } = context;
  yield 'version 2\n';
  yield `agent=${agent}\n`;
  yield 'ls-refs=unborn\n';
  yield `fetch=${fetchFeatures(context.fetch)}\n`;
  yield 'server-option\n';
  yield `object-format=${format.name}\n`;
  if (sessionId !== undefined) yield `session-id=${sessionId}\n`;
  if (commands.has('object-info')) yield 'object-info\n';
  if (commands.has('bundle-uri')) yield 'bundle-uri\n';
  yield FLUSH;
}

function fetchFeatures({ filter, refInWant, sidebandAll, packfileUris }: FetchOffers): string {
  const features = ['shallow', 'wait-for-done'];
  if (filter) features.push('filter');
  if (refInWant) features.push('ref-in-want');
  if (sidebandAll) features.push('sideband-all');
  if (packfileUris) features.push('packfile-uris');
  return features.join(' ');
}
