/**
 * What a push says before its pack — gitprotocol-pack(5), "Reference Update Request and Packfile Transfer"; messages of
 * git's `builtin/receive-pack.c`.
 *
 * A request beyond a bound is read to its end all the same, and not kept: a client listens for its report only, and would show
 * nothing of an error that comes instead.
 */
import { decodeLatin1, decodeStrict } from '#bytes/utf8.ts';
import { LimitExceededError, ProtocolError } from '#git/errors.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '#git/object/object-id.ts';
import type { PktLine } from '#git/pkt-line/decode.ts';
import { HUNG_UP, lineText, withoutNewline } from '#git/pkt-line/pkt-line-reader.ts';
import { limits } from '#limits.ts';
import { CapabilitySet, requireObjectFormat } from './capability.ts';
import type { ReceiveOffers } from './receive-advertisement.ts';

export interface ReceiveRequest {
  readonly commands: readonly ReceiveCommand[];
  /** Commits whose parents the client does not have. */
  readonly shallowIds: readonly ObjectId[];
  readonly report: 'none' | 'v1' | 'v2';
  readonly sideBand: boolean;
  readonly quiet: boolean;
  readonly atomic: boolean;
  readonly pushOptions: readonly string[];
  /** What the client calls its run, in its own log. */
  readonly clientSessionId: string | undefined;
  /** Why nothing of the request can be looked at: it is beyond a bound, and was not kept. */
  readonly refusal: string | undefined;
}

/** Moves a ref from `oldId` to `newId`; the zero id on either side stands for no ref. */
export interface ReceiveCommand {
  readonly name: string;
  readonly oldId: ObjectId;
  readonly newId: ObjectId;
  /** The name as it was sent, when it is not UTF-8; `name` has its bytes as ISO 8859-1 then. */
  readonly nameBytes?: Uint8Array | undefined;
}

export interface ReceiveBounds {
  readonly commandsMax: number;
  readonly refNameMaxBytes: number;
}

/** Where the pkts come from: `PktLineReader`, or a list in tests. */
export interface PktSource {
  read(): Promise<PktLine | undefined>;
}

/**
 * Reads commands and push options, and leaves the source where the pack begins.
 *
 * @returns undefined when the client sends a flush and nothing else: it only tries the connection, or has nothing to push
 * @throws {ProtocolError}
 * @throws {LimitExceededError} a bound is broken, and the client wants no report or does not come to an end
 */
export async function readReceiveRequest(
  source: PktSource,
  format: ObjectFormat,
  offers: ReceiveOffers,
  bounds: ReceiveBounds = { commandsMax: limits.pushCommandsMax, refNameMaxBytes: limits.refNameMaxBytes },
): Promise<ReceiveRequest | undefined> {
  const draft = new Draft(format, bounds);
  await readCommandList(source, draft);
  if (draft.isEmpty) return undefined;
  const { capabilities } = draft;
  const report = capabilities.has('report-status-v2') ? 'v2' : capabilities.has('report-status') ? 'v1' : 'none';
  if (offers.pushOptions && capabilities.has('push-options')) await readPushOptions(source, draft);
  if (draft.refusal !== undefined && report === 'none') throw new LimitExceededError(draft.refusal);
  return {
    commands: draft.commands,
    shallowIds: draft.shallowIds,
    report,
    sideBand: capabilities.has('side-band-64k'),
    quiet: capabilities.has('quiet'),
    atomic: offers.atomic && capabilities.has('atomic'),
    pushOptions: draft.pushOptions,
    clientSessionId: capabilities.value('session-id'),
    refusal: draft.refusal,
  };
}

/** Whether a pack follows: deletions alone need none. */
export function bringsPack(request: Pick<ReceiveRequest, 'commands' | 'refusal'>, format: ObjectFormat): boolean {
  return request.refusal !== undefined || request.commands.some((command) => command.newId !== format.zeroId);
}

/** A request as far as it was read. */
class Draft {
  readonly format: ObjectFormat;
  readonly bounds: ReceiveBounds;
  readonly commands: ReceiveCommand[] = [];
  readonly shallowIds: ObjectId[] = [];
  readonly pushOptions: string[] = [];
  capabilities = new CapabilitySet('');
  refusal: string | undefined;
  #discardedBytes = 0;

  constructor(format: ObjectFormat, bounds: ReceiveBounds) {
    this.format = format;
    this.bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.commands.length === 0 && this.refusal === undefined;
  }

  /** Keeps nothing from now on. */
  refuse(reason: string): void {
    this.refusal ??= reason;
    this.commands.length = 0;
    this.shallowIds.length = 0;
    this.pushOptions.length = 0;
  }

  /** @throws {LimitExceededError} */
  discard(payload: Uint8Array): void {
    this.#discardedBytes += payload.length;
    if (this.#discardedBytes > limits.drainMaxBytes) throw new LimitExceededError(this.refusal);
  }

  endedEarly(): Error {
    return this.refusal === undefined ? new ProtocolError(HUNG_UP) : new LimitExceededError(this.refusal);
  }
}

async function readCommandList(source: PktSource, draft: Draft): Promise<void> {
  for (;;) {
    const pkt = await source.read();
    if (!pkt && draft.isEmpty && draft.shallowIds.length === 0) return;
    if (!pkt) throw draft.endedEarly();
    if (pkt.kind !== 'data') return;
    if (draft.refusal === undefined) addLine(draft, withoutNewline(pkt.payload));
    else draft.discard(pkt.payload);
  }
}

function addLine(draft: Draft, line: Uint8Array): void {
  const nul = line.indexOf(0);
  const text = lineText(nul < 0 ? line : line.subarray(0, nul));
  if (text.startsWith('shallow ')) {
    draft.shallowIds.push(parseShallow(text.slice('shallow '.length), draft.format));
  } else {
    if (nul >= 0) addCapabilities(draft, lineText(line.subarray(nul + 1)));
    addCommand(draft, nul < 0 ? line : line.subarray(0, nul), text);
  }
  const { commandsMax } = draft.bounds;
  if (draft.commands.length > commandsMax) {
    draft.refuse(`push of more than ${commandsMax} refs: push some of them at a time`);
  }
  if (draft.shallowIds.length > limits.pushCommandsMax) {
    draft.refuse(`push from a history that ends in more than ${limits.pushCommandsMax} places`);
  }
}

/** Every command may have some; git puts them on the first. */
function addCapabilities(draft: Draft, text: string): void {
  draft.capabilities = new CapabilitySet(text);
  requireObjectFormat(draft.capabilities, draft.format);
}

function parseShallow(id: string, format: ObjectFormat): ObjectId {
  if (isObjectId(id, format)) return id;
  throw new ProtocolError(`protocol error: expected shallow sha, got '${id}'`);
}

/** old-id " " new-id " " ref-name */
function addCommand(draft: Draft, line: Uint8Array, text: string): void {
  const { format, commands, bounds } = draft;
  const digits = format.hexDigits;
  const oldId = text.slice(0, digits).toLowerCase();
  const newId = text.slice(digits + 1, 2 * digits + 1).toLowerCase();
  const spaced = text[digits] === ' ' && text[2 * digits + 1] === ' ';
  if (!spaced || !isObjectId(oldId, format) || !isObjectId(newId, format)) {
    throw new ProtocolError(`protocol error: expected old/new/ref, got '${text.slice(0, 200)}'`);
  }
  const bytes = line.subarray(2 * digits + 2);
  if (bytes.length > bounds.refNameMaxBytes) {
    draft.refuse(`push of a ref whose name has more than ${bounds.refNameMaxBytes} bytes`);
    return;
  }
  const name = decodeStrict(bytes);
  if (name !== undefined) commands.push({ oldId, newId, name });
  else commands.push({ oldId, newId, name: decodeLatin1(bytes), nameBytes: bytes.slice() });
}

async function readPushOptions(source: PktSource, draft: Draft): Promise<void> {
  for (;;) {
    const pkt = await source.read();
    if (!pkt) throw draft.endedEarly();
    if (pkt.kind !== 'data') return;
    if (draft.refusal === undefined) addPushOption(draft, pkt.payload);
    else draft.discard(pkt.payload);
  }
}

function addPushOption(draft: Draft, payload: Uint8Array): void {
  draft.pushOptions.push(lineText(payload));
  if (payload.length > limits.pushOptionMaxBytes) {
    draft.refuse(`push option of more than ${limits.pushOptionMaxBytes} bytes`);
  }
  if (draft.pushOptions.length > limits.pushOptionsMax) {
    draft.refuse(`push with more than ${limits.pushOptionsMax} push options`);
  }
}
