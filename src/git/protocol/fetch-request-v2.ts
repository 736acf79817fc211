/** The arguments of the v2 command `fetch` — gitprotocol-v2(5), "fetch"; messages of git's `upload-pack.c`. */
import { ProtocolError } from '#git/errors.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '#git/object/object-id.ts';
import { parseHaveLine, requireNegotiationLines } from './have-line.ts';
import type { PackPreferences } from './pack-preferences.ts';

export interface FetchRequestV2 extends PackPreferences {
  readonly wants: readonly ObjectId[];
  /** In the client's order. */
  readonly haves: readonly ObjectId[];
  readonly done: boolean;
  /** Never say `ready`, and answer haves that come without wants. */
  readonly waitForDone: boolean;
}

/** @throws {ProtocolError} an argument that we did not offer, or one that is malformed @throws {LimitExceededError} */
export function parseFetchRequestV2(argumentLines: readonly string[], format: ObjectFormat): FetchRequestV2 {
  const wants = new Set<ObjectId>();
  const haves: ObjectId[] = [];
  const flags = new Set<string>();
  for (const line of argumentLines) {
    const have = parseHaveLine(line, format);
    if (have) haves.push(have);
    else if (line.startsWith('want ')) wants.add(parseWant(line, format));
    else if (FLAGS.has(line)) flags.add(line);
    else throw new ProtocolError(`unexpected line: '${line}'`);
    requireNegotiationLines(wants.size + haves.length);
  }
  return {
    wants: [...wants],
    haves,
    done: flags.has('done'),
    waitForDone: flags.has('wait-for-done'),
    thinPack: flags.has('thin-pack'),
    ofsDelta: flags.has('ofs-delta'),
    includeTag: flags.has('include-tag'),
    noProgress: flags.has('no-progress'),
  };
}

const FLAGS: ReadonlySet<string> = new Set([
  'done',
  'wait-for-done',
  'thin-pack',
  'ofs-delta',
  'include-tag',
  'no-progress',
]);

function parseWant(line: string, format: ObjectFormat): ObjectId {
  const id = line.slice('want '.length).toLowerCase();
  if (!isObjectId(id, format)) {
    throw new ProtocolError(`git upload-pack: protocol error, expected to get oid, not '${line}'`);
  }
  return id;
}
