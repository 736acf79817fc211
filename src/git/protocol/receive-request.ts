/**
 * What a push says before its pack — gitprotocol-pack(5), "Reference Update Request and Packfile Transfer"; messages of
 * git's `builtin/receive-pack.c`.
 */
import { decodeStrict } from '#bytes/utf8.ts';
import { LimitExceededError, ProtocolError } from '#git/errors.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '#git/object/object-id.ts';
import type { PktLine } from '#git/pkt-line/decode.ts';
import { HUNG_UP, lineText, withoutNewline } from '#git/pkt-line/pkt-line-reader.ts';
import { limits } from '#limits.ts';
import { CapabilitySet, requireObjectFormat } from './capability.ts';

export interface ReceiveRequest {
  readonly commands: readonly ReceiveCommand[];
  /** Commits whose parents the client does not have. */
  readonly shallowIds: readonly ObjectId[];
  readonly report: 'none' | 'v1' | 'v2';
  readonly sideBand: boolean;
  readonly quiet: boolean;
  readonly atomic: boolean;
  readonly pushOptions: readonly string[];
}

/** Moves a ref from `oldId` to `newId`; the zero id on either side stands for no ref. */
export interface ReceiveCommand {
  readonly name: string;
  readonly oldId: ObjectId;
  readonly newId: ObjectId;
}

/** Where the pkts come from: `PktLineReader`, or a list in tests. */
export interface PktSource {
  read(): Promise<PktLine | undefined>;
}

/**
 * Reads commands and push options, and leaves the source where the pack begins.
 *
 * @returns undefined when the client sends a flush and nothing else: it only tries the connection
 * @throws {ProtocolError} @throws {LimitExceededError}
 */
export async function readReceiveRequest(source: PktSource, format: ObjectFormat): Promise<ReceiveRequest | undefined> {
  const draft = await readCommandList(source, format);
  if (draft.commands.length === 0) return undefined;
  const { capabilities } = draft;
  const sideBand = capabilities.has('side-band-64k');
  return {
    commands: draft.commands,
    shallowIds: draft.shallowIds,
    report: capabilities.has('report-status-v2') ? 'v2' : capabilities.has('report-status') ? 'v1' : 'none',
    sideBand,
    quiet: capabilities.has('quiet'),
    atomic: capabilities.has('atomic'),
    pushOptions: capabilities.has('push-options') ? await readPushOptions(source) : [],
  };
}

/** Whether a pack follows: deletions alone need none. */
export function bringsPack(commands: readonly ReceiveCommand[], format: ObjectFormat): boolean {
  return commands.some((command) => command.newId !== format.zeroId);
}

interface CommandList {
  readonly commands: ReceiveCommand[];
  readonly shallowIds: ObjectId[];
  capabilities: CapabilitySet;
}

async function readCommandList(source: PktSource, format: ObjectFormat): Promise<CommandList> {
  const list: CommandList = { commands: [], shallowIds: [], capabilities: new CapabilitySet('') };
  for (;;) {
    const pkt = await source.read();
    if (!pkt && isEmpty(list)) return list;
    if (!pkt) throw new ProtocolError(HUNG_UP);
    if (pkt.kind !== 'data') return list;
    addLine(list, withoutNewline(pkt.payload), format);
  }
}

function isEmpty(list: CommandList): boolean {
  return list.commands.length === 0 && list.shallowIds.length === 0;
}

function addLine(list: CommandList, line: Uint8Array, format: ObjectFormat): void {
  const nul = line.indexOf(0);
  const text = lineText(nul < 0 ? line : line.subarray(0, nul));
  if (text.startsWith('shallow ')) {
    list.shallowIds.push(parseShallow(text.slice('shallow '.length), format));
  } else {
    if (nul >= 0) addCapabilities(list, lineText(line.subarray(nul + 1)), format);
    list.commands.push(parseCommand(nul < 0 ? line : line.subarray(0, nul), text, format));
  }
  const count = list.commands.length + list.shallowIds.length;
  if (count > limits.pushCommandsMax) {
    throw new LimitExceededError(`push of more than ${limits.pushCommandsMax} commands`);
  }
}

function addCapabilities(list: CommandList, text: string, format: ObjectFormat): void {
  list.capabilities = new CapabilitySet(text);
  requireObjectFormat(list.capabilities, format);
}

function parseShallow(id: string, format: ObjectFormat): ObjectId {
  if (isObjectId(id, format)) return id;
  throw new ProtocolError(`protocol error: expected shallow sha, got '${id}'`);
}

/** old-id " " new-id " " ref-name */
function parseCommand(line: Uint8Array, text: string, format: ObjectFormat): ReceiveCommand {
  const digits = format.hexDigits;
  const oldId = text.slice(0, digits).toLowerCase();
  const newId = text.slice(digits + 1, 2 * digits + 1).toLowerCase();
  const spaced = text[digits] === ' ' && text[2 * digits + 1] === ' ';
  if (!spaced || !isObjectId(oldId, format) || !isObjectId(newId, format)) {
    throw new ProtocolError(`protocol error: expected old/new/ref, got '${text.slice(0, 200)}'`);
  }
  return { oldId, newId, name: parseRefName(line.subarray(2 * digits + 2)) };
}

function parseRefName(bytes: Uint8Array): string {
  if (bytes.length > limits.refNameMaxBytes) {
    throw new LimitExceededError(`push of a ref whose name has more than ${limits.refNameMaxBytes} bytes`);
  }
  const name = decodeStrict(bytes);
  if (name === undefined) throw new ProtocolError(`protocol error: ref name '${lineText(bytes)}' is not UTF-8`);
  return name;
}

async function readPushOptions(source: PktSource): Promise<string[]> {
  const options: string[] = [];
  for (;;) {
    const pkt = await source.read();
    if (!pkt) throw new ProtocolError(HUNG_UP);
    if (pkt.kind !== 'data') return options;
    if (options.length === limits.pushOptionsMax) {
      throw new LimitExceededError(`push with more than ${limits.pushOptionsMax} push options`);
    }
    if (pkt.payload.length > limits.pushOptionMaxBytes) {
      throw new LimitExceededError(`push option of more than ${limits.pushOptionMaxBytes} bytes`);
    }
    options.push(lineText(pkt.payload));
  }
}
