/** Annotated tags — gitdatamodel(7), "tag object". */
import { CorruptObjectError } from '../errors.ts';
import { parseIdHeader, splitHeaders } from './header-lines.ts';
import { type Identity, parseIdentity } from './identity.ts';
import { messageDecoder } from './message-text.ts';
import type { ObjectFormat, ObjectId } from './object-id.ts';
import { isObjectType, type ObjectType } from './object-type.ts';

export interface Tag {
  readonly targetId: ObjectId;
  readonly targetType: ObjectType;
  readonly name: string;
  /** Tags of git's first months have none. */
  readonly tagger: Identity | undefined;
  /** Without the signature. */
  readonly message: string;
  /** Armoured; over everything before it. */
  readonly signature: string | undefined;
}

/** Lines that open a signature at the end of a tag's message — gitformat-signature(5). */
const SIGNATURE_START = /^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----/gm;

/** @throws {CorruptObjectError} no target, or one of no known type */
export function parseTag(body: Uint8Array, format: ObjectFormat): Tag {
  const { headers, message } = splitHeaders(body);
  const targetId = parseIdHeader(headers[0], 'object', format);
  const values = new Map(headers.map((header) => [header.name, header.value]));
  const decode = messageDecoder(undefined);
  const targetType = decode(values.get('type') ?? new Uint8Array(0));
  if (!isObjectType(targetType))
    throw new CorruptObjectError(`parse tag: type "${targetType.slice(0, 80)}" is unknown`);
  const tagger = values.get('tagger');
  const [text, signature] = splitSignature(decode(message));
  return {
    targetId,
    targetType,
    name: decode(values.get('tag') ?? new Uint8Array(0)),
    tagger: tagger && parseIdentity(decode(tagger)),
    message: text,
    signature,
  };
}

/** The signature is the last armour: an earlier one belongs to the text. */
function splitSignature(message: string): [text: string, signature: string | undefined] {
  const start = [...message.matchAll(SIGNATURE_START)].at(-1)?.index;
  return start === undefined ? [message, undefined] : [message.slice(0, start), message.slice(start)];
}
