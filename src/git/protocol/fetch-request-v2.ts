/** The arguments of the v2 command `fetch` — gitprotocol-v2(5), "fetch"; messages of git's `upload-pack.c`. */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectFilter } from '#git/filter/object-filter.ts';
import { parseOnlyFilter } from '#git/filter/parse-filter.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '#git/object/object-id.ts';
import { parseHaveLine, requireNegotiationLines } from './have-line.ts';
import type { PackPreferences } from './pack-preferences.ts';
import { ShallowLines, type ShallowRequest } from './shallow-request.ts';

export interface FetchRequestV2 extends PackPreferences {
  readonly wants: readonly ObjectId[];
  /** Refs that are wanted whatever they point at, in the client's order. */
  readonly wantedRefs: readonly WantedRef[];
  /** In the client's order. */
  readonly haves: readonly ObjectId[];
  readonly shallow: ShallowRequest;
  /** Undefined for all objects. */
  readonly filter: ObjectFilter | undefined;
  readonly done: boolean;
  /** Never say `ready`, and answer haves that come without wants. */
  readonly waitForDone: boolean;
  /** The whole answer comes in bands. */
  readonly sidebandAll: boolean;
  /** Schemes of the addresses from which the client would take whole packs by itself. */
  readonly uriProtocols: readonly string[];
}

export interface WantedRef {
  readonly name: string;
  /** How many of the wants came before it. */
  readonly wantsBefore: number;
}

/** What the capability `fetch` was advertised with. */
export interface FetchOffers {
  readonly filter: boolean;
  readonly refInWant: boolean;
  readonly sidebandAll: boolean;
  readonly packfileUris: boolean;
}

/**
 * @param checkWants is asked about the wants before a fault, for git looks whether each is there as it reads
 * @throws {ProtocolError} an argument that we did not offer, or one that is malformed @throws {LimitExceededError}
 */
export async function readFetchRequestV2(
  argumentLines: AsyncIterable<string>,
  format: ObjectFormat,
  offers: FetchOffers,
  checkWants: (wants: readonly ObjectId[]) => Promise<void>,
  linesMax?: number,
): Promise<FetchRequestV2> {
  const draft = new Draft(format, offers, linesMax);
  try {
    for await (const line of argumentLines) draft.add(line);
  } catch (error) {
    if (error instanceof ProtocolError) await checkWants([...draft.wants]);
    throw error;
  }
  const { flags } = draft;
  const sidebandAll = flags.has('sideband-all');
  return {
    wants: [...draft.wants],
    wantedRefs: [...draft.wantedRefs].map(([name, wantsBefore]) => ({ name, wantsBefore })),
    haves: draft.haves,
    shallow: draft.shallow.finish(flags.has('deepen-relative')),
    filter: draft.filter,
    done: flags.has('done'),
    waitForDone: flags.has('wait-for-done'),
    sidebandAll,
    // Without bands there is no room for the section.
    uriProtocols: sidebandAll ? (draft.uriProtocols ?? []) : [],
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
  'deepen-relative',
]);

class Draft {
  readonly #format: ObjectFormat;
  readonly #offers: FetchOffers;
  readonly #linesMax: number | undefined;
  readonly wants = new Set<ObjectId>();
  /** By name, how many wants came before. */
  readonly wantedRefs = new Map<string, number>();
  readonly haves: ObjectId[] = [];
  readonly flags = new Set<string>();
  readonly shallow: ShallowLines;
  filter: ObjectFilter | undefined;
  uriProtocols: string[] | undefined;

  constructor(format: ObjectFormat, offers: FetchOffers, linesMax: number | undefined) {
    this.#linesMax = linesMax;
    this.#format = format;
    this.#offers = offers;
    this.shallow = new ShallowLines(format);
  }

  add(line: string): void {
    const have = parseHaveLine(line, this.#format);
    if (have) this.haves.push(have);
    else if (line.startsWith('want ')) this.wants.add(parseWant(line, this.#format));
    else if (FLAGS.has(line)) this.flags.add(line);
    else if (!this.shallow.take(line) && !this.#takeOffered(line))
      throw new ProtocolError(`unexpected line: '${line}'`);
    const lineCount = this.wants.size + this.wantedRefs.size + this.haves.length + this.shallow.count;
    requireNegotiationLines(lineCount, this.#linesMax);
  }

  /** @returns whether the line is an argument that was offered */
  #takeOffered(line: string): boolean {
    const { filter, refInWant, sidebandAll, packfileUris } = this.#offers;
    if (refInWant && line.startsWith('want-ref ')) this.#addWantedRef(line.slice('want-ref '.length));
    else if (filter && line.startsWith('filter ')) this.#setFilter(line.slice('filter '.length));
    else if (sidebandAll && line === 'sideband-all') this.flags.add(line);
    else if (packfileUris && line.startsWith('packfile-uris ')) this.#setProtocols(line.slice('packfile-uris '.length));
    else return false;
    return true;
  }

  #addWantedRef(name: string): void {
    if (this.wantedRefs.has(name)) throw new ProtocolError(`duplicate want-ref ${name}`);
    this.wantedRefs.set(name, this.wants.size);
  }

  #setFilter(spec: string): void {
    this.filter = parseOnlyFilter(this.filter, spec);
  }

  #setProtocols(list: string): void {
    if (this.uriProtocols !== undefined) throw new ProtocolError('multiple packfile-uris lines forbidden');
    this.uriProtocols = list.split(',');
  }
}

function parseWant(line: string, format: ObjectFormat): ObjectId {
  // As git, which does not look at what follows the id.
  const id = line.slice('want '.length, 'want '.length + format.hexDigits).toLowerCase();
  if (!isObjectId(id, format)) {
    throw new ProtocolError(`git upload-pack: protocol error, expected to get oid, not '${line}'`);
  }
  return id;
}
