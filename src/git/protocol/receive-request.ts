/**
 * What a push says before its pack — gitprotocol-pack(5), "Reference Update Request and Packfile Transfer"; messages of
 * git's `builtin/receive-pack.c`.
 *
 * A request beyond a bound is read to its end all the same, and not kept: a client listens for its report only, and would show
 * nothing of an error that comes instead.
 */
import { decodeLatin1, decodeStrict } from '#bytes/utf8.ts';
import { LimitExceededError, ProtocolError } from '#git/errors.ts';
import { isObjectId, type ObjectFormat, type ObjectFormats, type ObjectId } from '#git/object/object-id.ts';
import type { PktLine } from '#git/pkt-line/decode.ts';
import { HUNG_UP, lineText, withoutNewline } from '#git/pkt-line/pkt-line-reader.ts';
import { limits } from '#limits.ts';
import { CapabilitySet, requireObjectFormat } from './capability.ts';
import { certificateHeader, signedCommandLines } from './push-certificate.ts';
import type { ReceiveOffers } from './receive-advertisement.ts';

export interface ReceiveRequest {
  /** Of the ids; the one of those offered that the client has. */
  readonly format: ObjectFormat;
  readonly commands: readonly ReceiveCommand[];
  /** Commits whose parents the client does not have. */
  readonly shallowIds: readonly ObjectId[];
  readonly report: 'none' | 'v1' | 'v2';
  readonly sideBand: boolean;
  readonly quiet: boolean;
  readonly atomic: boolean;
  readonly pushOptions: readonly string[];
  /** What the client signed, signature included; the commands are taken from it. */
  readonly certificate: Uint8Array | undefined;
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
  /** Why this command is refused, whatever it says. */
  readonly refusal?: string;
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
 * @param formats of the repository; several: its first push chooses
 * @returns undefined when the client sends a flush and nothing else: it only tries the connection, or has nothing to push
 * @throws {ProtocolError}
 * @throws {LimitExceededError} a bound is broken, and the client wants no report or does not come to an end
 */
export async function readReceiveRequest(
  source: PktSource,
  formats: ObjectFormats,
  offers: ReceiveOffers,
  bounds: ReceiveBounds = { commandsMax: limits.pushCommandsMax, refNameMaxBytes: limits.refNameMaxBytes },
): Promise<ReceiveRequest | undefined> {
  const draft = new Draft(formats, bounds);
  await readCommandList(source, draft);
  if (draft.isEmpty) return undefined;
  const { asked } = draft;
  const report = asked.has('report-status-v2') ? 'v2' : asked.has('report-status') ? 'v1' : 'none';
  if (offers.pushOptions && asked.has('push-options')) await readPushOptions(source, draft);
  if (draft.refusal !== undefined && report === 'none') throw new LimitExceededError(draft.refusal);
  return {
    format: draft.format,
    commands: draft.hasForgedOptions ? draft.commands.map(withForgedOptions) : draft.commands,
    shallowIds: draft.shallowIds,
    report,
    sideBand: asked.has('side-band-64k'),
    quiet: asked.has('quiet'),
    atomic: offers.atomic && asked.has('atomic'),
    pushOptions: draft.pushOptions,
    certificate: draft.certificate,
    clientSessionId: draft.clientSessionId,
    refusal: draft.refusal,
  };
}

function withForgedOptions(command: ReceiveCommand): ReceiveCommand {
  return { ...command, refusal: 'inconsistent push options' };
}

/** Whether a pack follows: deletions alone need none. */
export function bringsPack({
  format,
  commands,
  refusal,
}: Pick<ReceiveRequest, 'format' | 'commands' | 'refusal'>): boolean {
  return refusal !== undefined || commands.some((command) => command.newId !== format.zeroId);
}

/** A request as far as it was read. */
class Draft {
  format: ObjectFormat;
  readonly bounds: ReceiveBounds;
  readonly commands: ReceiveCommand[] = [];
  readonly shallowIds: ObjectId[] = [];
  readonly pushOptions: string[] = [];
  /** Of `CAPABILITIES`, those that some line asked for. */
  readonly asked = new Set<string>();
  clientSessionId: string | undefined;
  refusal: string | undefined;
  /** Grows as it is needed: a list of its lines, which may be of one byte, would take many times as much. */
  #certificate: Uint8Array = new Uint8Array(0);
  #certificateBytes = 0;
  #discardedBytes = 0;
  /** Among which the first line decides. */
  #offeredFormats: ObjectFormats | undefined;

  constructor(formats: ObjectFormats, bounds: ReceiveBounds) {
    this.format = formats[0];
    this.#offeredFormats = formats;
    this.bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.commands.length === 0 && this.refusal === undefined;
  }

  /** Takes the format that the line names, or whose ids it has. */
  chooseFormat(text: string, capabilities: CapabilitySet): void {
    if (this.#offeredFormats === undefined) return;
    const named = capabilities.value('object-format');
    const digits = ID_AT_START.exec(text)?.[1]?.length;
    const isMeant = ({ name, hexDigits }: ObjectFormat) =>
      named === undefined ? hexDigits === digits : name === named;
    this.format = this.#offeredFormats.find(isMeant) ?? this.format;
    this.#offeredFormats = undefined;
  }

  /** Keeps nothing from now on. */
  refuse(reason: string): void {
    this.refusal ??= reason;
    this.commands.length = 0;
    this.shallowIds.length = 0;
    this.pushOptions.length = 0;
    this.#certificate = new Uint8Array(0);
    this.#certificateBytes = 0;
  }

  get certificate(): Uint8Array | undefined {
    return this.#certificateBytes > 0 ? this.#certificate.subarray(0, this.#certificateBytes) : undefined;
  }

  addToCertificate(bytes: Uint8Array): void {
    const sizeBytes = this.#certificateBytes + bytes.length;
    const bytesMax = limits.pushCertificateMaxBytes;
    if (sizeBytes > bytesMax) {
      this.refuse(`push certificate of more than ${bytesMax} bytes`);
      return;
    }
    if (sizeBytes > this.#certificate.length) {
      const grown = new Uint8Array(Math.min(bytesMax, Math.max(sizeBytes, 2 * this.#certificate.length)));
      grown.set(this.#certificate.subarray(0, this.#certificateBytes));
      this.#certificate = grown;
    }
    this.#certificate.set(bytes, this.#certificateBytes);
    this.#certificateBytes = sizeBytes;
  }

  /** Whether the push options are others than those that were signed. */
  get hasForgedOptions(): boolean {
    const { certificate, pushOptions } = this;
    if (!certificate) return false;
    const signed = certificateHeader(certificate, 'push-option', limits.pushOptionsMax + 1);
    return signed.length !== pushOptions.length || signed.some((option, index) => option !== pushOptions[index]);
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
  let isOver = false;
  for (let isFirst = true; !isOver; isFirst = false) {
    const pkt = await readPkt(source);
    if (!pkt && isFirst) return;
    if (!pkt) throw draft.endedEarly();
    if (pkt.kind !== 'data') break;
    if (draft.refusal !== undefined) draft.discard(pkt.payload);
    else if (addLine(draft, withoutNewline(pkt.payload)) === 'certificate follows') {
      isOver = (await readCertificate(source, draft)) === 'flush';
    }
  }
  const { certificate } = draft;
  if (certificate) addSignedCommands(draft, certificate);
}

/** @throws {ProtocolError} the client says what went wrong with it */
async function readPkt(source: PktSource): Promise<PktLine | undefined> {
  const pkt = await source.read();
  if (pkt?.kind === 'data' && ERROR_START.every((byte, index) => pkt.payload[index] === byte)) {
    throw new ProtocolError(`remote error: ${lineText(pkt.payload.subarray(ERROR_START.length)).slice(0, 200)}`);
  }
  return pkt;
}

const ERROR_START = [...Buffer.from('ERR ')];

/** Lines to the end of the certificate, or to the flush that ends all. */
async function readCertificate(source: PktSource, draft: Draft): Promise<'end' | 'flush'> {
  for (;;) {
    const pkt = await readPkt(source);
    if (!pkt) throw draft.endedEarly();
    if (pkt.kind === 'flush') return 'flush';
    if (pkt.kind !== 'data') throw new ProtocolError('protocol error: got an unexpected packet');
    if (Buffer.from(pkt.payload).equals(CERTIFICATE_END)) return 'end';
    if (draft.refusal === undefined) draft.addToCertificate(untilNul(pkt.payload));
    else draft.discard(pkt.payload);
  }
}

const CERTIFICATE_END = Buffer.from('push-cert-end\n');

/** @throws {ProtocolError} a command that is none, or stands outside the certificate too */
function addSignedCommands(draft: Draft, certificate: Uint8Array): void {
  if (draft.commands.length > 0) {
    throw new ProtocolError('protocol error: got both push certificate and unsigned commands');
  }
  for (const line of signedCommandLines(certificate)) {
    if (draft.refusal !== undefined) return;
    addCommand(draft, line, lineText(line));
    refuseTooMany(draft);
  }
}

const ID_AT_START = /^(?:shallow )?([0-9a-f]+)(?: |$)/i;

function addLine(draft: Draft, line: Uint8Array): 'certificate follows' | undefined {
  const head = untilNul(line);
  const text = lineText(head);
  const capabilities = new CapabilitySet(lineText(untilNul(line.subarray(head.length + 1))));
  draft.chooseFormat(text, capabilities);
  if (text.startsWith('shallow ') && text.length > 'shallow '.length) {
    draft.shallowIds.push(parseShallow(text.slice('shallow '.length), draft.format));
    refuseTooMany(draft);
    return undefined;
  }
  if (head.length < line.length) addCapabilities(draft, capabilities);
  if (text === 'push-cert') return 'certificate follows';
  addCommand(draft, head, text);
  refuseTooMany(draft);
  return undefined;
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const nul = bytes.indexOf(0);
  return nul < 0 ? bytes : bytes.subarray(0, nul);
}

function refuseTooMany(draft: Draft): void {
  const { commandsMax } = draft.bounds;
  if (draft.commands.length > commandsMax) {
    draft.refuse(`push of more than ${commandsMax} refs: push some of them at a time`);
  }
  if (draft.shallowIds.length > limits.pushCommandsMax) {
    draft.refuse(`push from a history that ends in more than ${limits.pushCommandsMax} places`);
  }
}

const CAPABILITIES = ['report-status', 'report-status-v2', 'side-band-64k', 'quiet', 'atomic', 'push-options'];

/** Every command may have some; git puts them on the first. What one line asked for counts for all. */
function addCapabilities(draft: Draft, capabilities: CapabilitySet): void {
  requireObjectFormat(capabilities, draft.format);
  for (const name of CAPABILITIES) if (capabilities.has(name)) draft.asked.add(name);
  draft.clientSessionId ??= capabilities.value('session-id');
}

/** As git's `get_oid_hex`: in either case, and whatever follows. */
function parseShallow(text: string, format: ObjectFormat): ObjectId {
  const id = text.slice(0, format.hexDigits).toLowerCase();
  if (isObjectId(id, format)) return id;
  throw new ProtocolError(`protocol error: expected shallow sha, got '${text.slice(0, 200)}'`);
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
    const pkt = await readPkt(source);
    if (!pkt) throw draft.endedEarly();
    if (pkt.kind !== 'data') return;
    if (draft.refusal === undefined) addPushOption(draft, pkt.payload);
    else draft.discard(pkt.payload);
  }
}

function addPushOption(draft: Draft, payload: Uint8Array): void {
  draft.pushOptions.push(lineText(untilNul(payload)));
  if (payload.length > limits.pushOptionMaxBytes) {
    draft.refuse(`push option of more than ${limits.pushOptionMaxBytes} bytes`);
  }
  if (draft.pushOptions.length > limits.pushOptionsMax) {
    draft.refuse(`push with more than ${limits.pushOptionsMax} push options`);
  }
}
