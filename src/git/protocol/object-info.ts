/** The v2 command `object-info` — gitprotocol-v2(5), "object-info"; git's `protocol-caps.c`. */
import { ProtocolError } from '#git/errors.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '#git/object/object-id.ts';
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';

export interface ObjectInfoRequest {
  readonly asksForSize: boolean;
  readonly ids: readonly ObjectId[];
}

/** @throws {ProtocolError} */
export async function readObjectInfoRequest(
  argumentLines: AsyncIterable<string>,
  format: ObjectFormat,
): Promise<ObjectInfoRequest> {
  const ids: ObjectId[] = [];
  let asksForSize = false;
  for await (const line of argumentLines) {
    if (line === 'size') asksForSize = true;
    else if (line.startsWith('oid ')) ids.push(parseId(line.slice('oid '.length), format));
    else throw new ProtocolError(`object-info: unexpected line: '${line}'`);
  }
  return { asksForSize, ids };
}

/** @param sizes in bytes, in the order of the ids; undefined for what the client may not know to exist */
export function* answerObjectInfo(
  { asksForSize, ids }: ObjectInfoRequest,
  sizes: readonly (number | undefined)[],
): Generator<OutgoingPkt> {
  if (ids.length > 0 && asksForSize) yield 'size';
  for (const [index, id] of ids.entries()) yield asksForSize ? `${id} ${sizes[index] ?? ''}` : id;
  yield FLUSH;
}

function parseId(text: string, format: ObjectFormat): ObjectId {
  const id = text.toLowerCase();
  if (isObjectId(id, format)) return id;
  throw new ProtocolError(`object-info: protocol error, expected to get oid, not '${text}'`);
}
