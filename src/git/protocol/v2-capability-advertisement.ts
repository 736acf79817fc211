/** What a v2 server can do — gitprotocol-v2(5), "Capability Advertisement". */
import type { ObjectFormat } from '#git/object/object-id.ts';
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';

export function* advertiseV2Capabilities(format: ObjectFormat, agent: string): Generator<OutgoingPkt> {
  yield 'version 2\n';
  yield `agent=${agent}\n`;
  yield 'ls-refs=unborn\n';
  yield 'fetch=wait-for-done\n';
  yield 'server-option\n';
  yield `object-format=${format.name}\n`;
  yield FLUSH;
}
