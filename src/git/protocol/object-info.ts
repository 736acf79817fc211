/** The v2 command `object-info` — gitprotocol-v2(5), "object-info"; git's `protocol-caps.c`. */
import { ProtocolError } from '#git/errors.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '#git/object/object-id.ts';
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';

export interface ObjectInfoRequest {
  readonly asksForSize: boolean;
  readonly ids: readonly ObjectId[];
  /** The ids as the client wrote them, which is how they are answered. */
  readonly texts: readonly string[];
}

/** @throws {ProtocolError} */
export async function readObjectInfoRequest(
  argumentLines: AsyncIterable<string>,
  format: ObjectFormat,
): Promise<ObjectInfoRequest> {
  const ids: ObjectId[] = [];
  const texts: string[] = [];
  let asksForSize = false;
  for await (const line of argumentLines) {
    if (line === 'size') asksForSize = true;
    else if (line.startsWith('oid ')) texts.push(line.slice('oid '.length));
    else throw new ProtocolError(`object-info: unexpected line: '${line}'`);
  }
  for (const text of texts) ids.push(parseId(text, format));
  return { asksForSize, ids, texts };
}

/** @param sizes in bytes, in the order of the ids; undefined for what the client may not know to exist */
export function* answerObjectInfo(
  { asksForSize, texts }: ObjectInfoRequest,
  sizes: readonly (number | undefined)[],
): Generator<OutgoingPkt> {
  if (texts.length > 0 && asksForSize) yield 'size';
  for (const [index, text] of texts.entries()) yield asksForSize ? `${text} ${sizes[index] ?? ''}` : text;
  yield FLUSH;
}

function parseId(text: string, format: ObjectFormat): ObjectId {
  // As git, which does not look at what follows the id.
  const id = text.slice(0, format.hexDigits).toLowerCase();
  if (isObjectId(id, format)) return id;
  throw new ProtocolError(`object-info: protocol error, expected to get oid, not '${text}'`);
}
