/** `have <id>`, the same in every version of the protocol, and the bound on how much a client may name. */
import { LimitExceededError, ProtocolError } from '#git/errors.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '#git/object/object-id.ts';
import { limits } from '#limits.ts';

const HAVE = 'have ';

/** @returns undefined for another line @throws {ProtocolError} no id where one belongs */
export function parseHaveLine(line: string, format: ObjectFormat): ObjectId | undefined {
  if (!line.startsWith(HAVE)) return undefined;
  // As git, which does not look at what follows the id.
  const id = line.slice(HAVE.length, HAVE.length + format.hexDigits).toLowerCase();
  if (isObjectId(id, format)) return id;
  throw new ProtocolError(`git upload-pack: expected SHA1 object, got '${line.slice(HAVE.length)}'`);
}

/** @param linesMax what the repository allows @throws {LimitExceededError} */
export function requireNegotiationLines(count: number, linesMax: number = limits.negotiationLinesMax): void {
  if (count <= linesMax) return;
  throw new LimitExceededError(`fetch names more than ${linesMax} objects`);
}
