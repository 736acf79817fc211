/**
 * What a client says to upload-pack in protocol v0 and v1: wants with the depth and filter it would like, a flush, then haves in rounds —
 * gitprotocol-pack(5), "Packfile Negotiation". Messages are those of git's `upload-pack.c`.
 */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectFilter } from '#git/filter/object-filter.ts';
import { parseOnlyFilter } from '#git/filter/parse-filter.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '#git/object/object-id.ts';
import { HUNG_UP, lineText } from '#git/pkt-line/pkt-line-reader.ts';
import { CapabilitySet } from './capability.ts';
import { parseHaveLine, requireNegotiationLines } from './have-line.ts';
import type { PackPreferences } from './pack-preferences.ts';
import type { PktSource } from './receive-request.ts';
import { ShallowLines, type ShallowRequest } from './shallow-request.ts';

export interface UploadNeeds extends PackPreferences {
  readonly wants: readonly ObjectId[];
  readonly shallow: ShallowRequest;
  /** Undefined for all objects. */
  readonly filter: ObjectFilter | undefined;
  readonly acknowledgment: AcknowledgmentMode;
  /** The pack may follow the first `ready`, without the client's `done`. */
  readonly noDone: boolean;
  readonly sideBand: 'none' | 'small' | 'large';
  readonly agent: string | undefined;
  readonly sessionId: string | undefined;
}

export type AcknowledgmentMode = 'single' | 'multi' | 'detailed';

/** Haves up to where the client waits for an answer. */
export interface HavesRound {
  /** In the client's order. */
  readonly haves: readonly ObjectId[];
  /** The client may have more haves, or wants the pack now. */
  readonly ending: 'flush' | 'done';
}

/**
 * @param allowsFilter whether the advertisement offered filters
 * @param checkWants is asked about the wants before a fault, for git looks whether each is there as it reads
 * @throws {ProtocolError} @throws {LimitExceededError}
 */
export async function readUploadNeeds(
  source: PktSource,
  format: ObjectFormat,
  allowsFilter: boolean,
  checkWants: (wants: readonly ObjectId[]) => Promise<void>,
  linesMax?: number,
): Promise<UploadNeeds> {
  const lines: NeedLines = {
    wants: new Set(),
    shallow: new ShallowLines(format),
    capabilityText: '',
    filter: undefined,
  };
  try {
    await readNeedLines(lines, source, format, allowsFilter, linesMax);
  } catch (error) {
    if (error instanceof ProtocolError) await checkWants([...lines.wants]);
    throw error;
  }
  const capabilities = new CapabilitySet(lines.capabilityText);
  return {
    wants: [...lines.wants],
    shallow: lines.shallow.finish(capabilities.has('deepen-relative')),
    filter: lines.filter,
    acknowledgment: acknowledgmentMode(capabilities),
    noDone: capabilities.has('no-done'),
    sideBand: sideBandMode(capabilities),
    agent: capabilities.value('agent'),
    sessionId: capabilities.value('session-id'),
    thinPack: capabilities.has('thin-pack'),
    ofsDelta: capabilities.has('ofs-delta'),
    includeTag: capabilities.has('include-tag'),
    noProgress: capabilities.has('no-progress'),
  };
}

/**
 * Reads to the next flush or `done`. Over HTTP the answer ends there, and what follows is not looked at, as in git.
 *
 * @returns undefined when the client stops before it says anything, as one does that only asks what would become shallow
 * @throws {ProtocolError} @throws {LimitExceededError}
 */
export async function readHavesRound(
  source: PktSource,
  format: ObjectFormat,
  linesMax?: number,
): Promise<HavesRound | undefined> {
  const haves: ObjectId[] = [];
  for (let lineCount = 0; ; lineCount++) {
    const pkt = await source.read();
    if (!pkt && lineCount === 0) return undefined;
    if (!pkt) throw new ProtocolError(HUNG_UP);
    if (pkt.kind !== 'data') return { haves, ending: 'flush' };
    const line = lineText(pkt.payload);
    if (line === 'done') return { haves, ending: 'done' };
    haves.push(parseHave(line, format));
    requireNegotiationLines(haves.length, linesMax);
  }
}

function acknowledgmentMode(capabilities: CapabilitySet): AcknowledgmentMode {
  if (capabilities.has('multi_ack_detailed')) return 'detailed';
  return capabilities.has('multi_ack') ? 'multi' : 'single';
}

function sideBandMode(capabilities: CapabilitySet): UploadNeeds['sideBand'] {
  if (capabilities.has('side-band-64k')) return 'large';
  return capabilities.has('side-band') ? 'small' : 'none';
}

interface NeedLines {
  readonly wants: Set<ObjectId>;
  readonly shallow: ShallowLines;
  /** Git reads capabilities on every line with a want; clients write them on the first. */
  capabilityText: string;
  filter: ObjectFilter | undefined;
}

async function readNeedLines(
  lines: NeedLines,
  source: PktSource,
  format: ObjectFormat,
  allowsFilter: boolean,
  linesMax: number | undefined,
): Promise<void> {
  for (let lineCount = 0; ; lineCount++) {
    const pkt = await source.read();
    if (!pkt) throw new ProtocolError(HUNG_UP);
    if (pkt.kind !== 'data') return;
    const line = lineText(pkt.payload);
    if (lines.shallow.take(line)) {
      requireNegotiationLines(lines.shallow.count, linesMax);
    } else if (line.startsWith('filter ')) {
      addFilter(lines, line, allowsFilter);
    } else {
      lines.wants.add(parseWant(line, format));
      lines.capabilityText += line.slice('want '.length + format.hexDigits);
      requireNegotiationLines(lineCount + 1, linesMax);
    }
  }
}

function addFilter(lines: NeedLines, line: string, allowsFilter: boolean): void {
  if (!allowsFilter || !new CapabilitySet(lines.capabilityText).has('filter')) {
    throw new ProtocolError('git upload-pack: filtering capability not negotiated');
  }
  lines.filter = parseOnlyFilter(lines.filter, line.slice('filter '.length));
}

function parseWant(line: string, format: ObjectFormat): ObjectId {
  const id = line.slice('want '.length, 'want '.length + format.hexDigits).toLowerCase();
  if (!line.startsWith('want ') || !isObjectId(id, format)) {
    throw new ProtocolError(`git upload-pack: protocol error, expected to get object ID, not '${line}'`);
  }
  return id;
}

function parseHave(line: string, format: ObjectFormat): ObjectId {
  const id = parseHaveLine(line, format);
  if (id) return id;
  throw new ProtocolError(`git upload-pack: expected SHA1 list, got '${line}'`);
}
