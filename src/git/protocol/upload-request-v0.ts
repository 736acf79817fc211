/**
 * The body of `POST git-upload-pack` in protocol v0 and v1: wants, a flush, then haves that end with a flush or `done` — gitprotocol-pack(5), "Packfile Negotiation"; gitprotocol-http(5), "Smart Service git-upload-pack". Messages are
 * those of git's `upload-pack.c`.
 */
import { ProtocolError } from '#git/errors.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '#git/object/object-id.ts';
import type { PktLine } from '#git/pkt-line/decode.ts';
import { HUNG_UP, lineText } from '#git/pkt-line/pkt-line-reader.ts';
import { CapabilitySet } from './capability.ts';
import { parseHaveLine, requireNegotiationLines } from './have-line.ts';
import type { PackPreferences } from './pack-preferences.ts';

export interface UploadRequestV0 extends PackPreferences {
  readonly wants: readonly ObjectId[];
  readonly acknowledgment: AcknowledgmentMode;
  /** The pack may follow the first `ready`, without the client's `done`. */
  readonly noDone: boolean;
  readonly sideBand: 'none' | 'small' | 'large';
  /** In the client's order. */
  readonly haves: readonly ObjectId[];
  readonly ending: NegotiationEnding;
}

export type AcknowledgmentMode = 'single' | 'multi' | 'detailed';

/**
 * How the request ends: the client may have more haves (`flush`), wants the pack now (`done`), or stops after its wants
 * (`silence`), as one does that only asks what would become shallow.
 */
export type NegotiationEnding = 'flush' | 'done' | 'silence';

/** @throws {ProtocolError} @throws {LimitExceededError} */
export function parseUploadRequestV0(pkts: Iterator<PktLine>, format: ObjectFormat): UploadRequestV0 {
  const { wants, capabilities } = readWants(pkts, format);
  const { haves, ending } = wants.length > 0 ? readTurns(pkts, format) : NOTHING_WANTED;
  return {
    wants,
    acknowledgment: acknowledgmentMode(capabilities),
    noDone: capabilities.has('no-done'),
    sideBand: sideBandMode(capabilities),
    thinPack: capabilities.has('thin-pack'),
    ofsDelta: capabilities.has('ofs-delta'),
    includeTag: capabilities.has('include-tag'),
    noProgress: capabilities.has('no-progress'),
    haves,
    ending,
  };
}

const NOTHING_WANTED = { haves: [], ending: 'silence' } as const;

function acknowledgmentMode(capabilities: CapabilitySet): AcknowledgmentMode {
  if (capabilities.has('multi_ack_detailed')) return 'detailed';
  return capabilities.has('multi_ack') ? 'multi' : 'single';
}

function sideBandMode(capabilities: CapabilitySet): UploadRequestV0['sideBand'] {
  if (capabilities.has('side-band-64k')) return 'large';
  return capabilities.has('side-band') ? 'small' : 'none';
}

function readWants(pkts: Iterator<PktLine>, format: ObjectFormat): { wants: ObjectId[]; capabilities: CapabilitySet } {
  const wants = new Set<ObjectId>();
  let capabilityText = '';
  for (;;) {
    const next = pkts.next();
    if (next.done) {
      if (wants.size === 0) break;
      throw new ProtocolError(HUNG_UP);
    }
    if (next.value.kind !== 'data') break;
    const line = lineText(next.value.payload);
    wants.add(parseWant(line, format));
    // Git reads capabilities on every line; clients write them on the first.
    capabilityText += line.slice('want '.length + format.hexDigits);
    requireNegotiationLines(wants.size);
  }
  return { wants: [...wants], capabilities: new CapabilitySet(capabilityText) };
}

function parseWant(line: string, format: ObjectFormat): ObjectId {
  if (line.startsWith('filter ')) throw new ProtocolError('git upload-pack: filtering capability not negotiated');
  const id = line.slice('want '.length, 'want '.length + format.hexDigits).toLowerCase();
  if (!line.startsWith('want ') || !isObjectId(id, format)) {
    throw new ProtocolError(`git upload-pack: protocol error, expected to get object ID, not '${line}'`);
  }
  return id;
}

/** Reads to the first flush or `done`: over HTTP the answer ends there, and what follows is not looked at, as in git. */
function readTurns(pkts: Iterator<PktLine>, format: ObjectFormat): { haves: ObjectId[]; ending: NegotiationEnding } {
  const haves: ObjectId[] = [];
  for (;;) {
    const next = pkts.next();
    if (next.done && haves.length === 0) return { haves, ending: 'silence' };
    if (next.done) throw new ProtocolError(HUNG_UP);
    if (next.value.kind !== 'data') return { haves, ending: 'flush' };
    const line = lineText(next.value.payload);
    if (line === 'done') return { haves, ending: 'done' };
    haves.push(parseHave(line, format));
    requireNegotiationLines(haves.length);
  }
}

function parseHave(line: string, format: ObjectFormat): ObjectId {
  const id = parseHaveLine(line, format);
  if (id) return id;
  throw new ProtocolError(`git upload-pack: expected SHA1 list, got '${line}'`);
}
