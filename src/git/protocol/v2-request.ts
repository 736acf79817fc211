/**
 * The frame of every v2 request: a command, capabilities, and the command's arguments — gitprotocol-v2(5), "Command
 * Request". Messages are those of git's `serve.c`.
 */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { HUNG_UP, lineText } from '#git/pkt-line/pkt-line-reader.ts';
import { requireNegotiationLines } from './have-line.ts';
import type { PktSource } from './receive-request.ts';

export type V2Command = 'ls-refs' | 'fetch' | 'object-info' | 'bundle-uri';

export interface V2Request {
  readonly command: V2Command;
  /**
   * One line each, without its newline; read while they are taken, up to the flush that ends the request. So that the first fault is the
   * one that is told, as git does, which reads as it goes.
   */
  readonly argumentLines: AsyncIterable<string>;
  /** What the client says of itself, for the log. */
  readonly agent: string | undefined;
  readonly sessionId: string | undefined;
  readonly serverOptions: readonly string[];
}

/** What was advertised, and so may be asked for. */
export interface V2Offers {
  readonly commands: ReadonlySet<V2Command>;
  readonly sessionId: boolean;
}

/**
 * Reads the next request of a connection, or the one request of a body.
 *
 * @returns undefined when the client says nothing but a flush, or nothing at all: it has no more to ask
 * @throws {ProtocolError} @throws {LimitExceededError}
 */
export async function readV2Request(
  source: PktSource,
  format: ObjectFormat,
  offers: V2Offers,
): Promise<V2Request | undefined> {
  const head = await readHead(source, offers);
  if (!head) return undefined;
  const { command, endedBy, agent, sessionId, serverOptions } = head;
  if (!command) throw new ProtocolError('no command requested');
  requireSameFormat(head.objectFormat, format);
  const argumentLines = endedBy === 'delim' ? readArguments(source, command) : noLines();
  return { command, argumentLines, agent, sessionId, serverOptions };
}

interface RequestHead {
  command: V2Command | undefined;
  objectFormat: string;
  agent: string | undefined;
  sessionId: string | undefined;
  readonly serverOptions: string[];
  endedBy: 'flush' | 'delim';
}

async function readHead(source: PktSource, offers: V2Offers): Promise<RequestHead | undefined> {
  const head: RequestHead = {
    command: undefined,
    objectFormat: 'sha1',
    agent: undefined,
    sessionId: undefined,
    serverOptions: [],
    endedBy: 'flush',
  };
  for (let lineCount = 0; ; lineCount++) {
    const pkt = await source.read();
    if (!pkt) {
      if (lineCount === 0) return undefined;
      throw new ProtocolError(HUNG_UP);
    }
    if (pkt.kind === 'flush' && lineCount === 0) return undefined;
    if (pkt.kind === 'flush' || pkt.kind === 'delim') return { ...head, endedBy: pkt.kind };
    if (pkt.kind === 'response-end') throw new ProtocolError('unexpected response end packet');
    requireNegotiationLines(lineCount);
    const line = lineText(pkt.payload);
    if (line.startsWith('command=')) head.command = parseCommand(line.slice('command='.length), head.command, offers);
    else addCapability(head, line, offers);
  }
}

function parseCommand(name: string, earlier: V2Command | undefined, { commands }: V2Offers): V2Command {
  if (earlier) {
    throw new ProtocolError(`command '${name}' requested after already requesting command '${earlier}'`);
  }
  if (!(commands as ReadonlySet<string>).has(name)) throw new ProtocolError(`invalid command '${name}'`);
  return name as V2Command;
}

function addCapability(head: RequestHead, line: string, offers: V2Offers): void {
  const equals = line.indexOf('=');
  const key = equals < 0 ? line : line.slice(0, equals);
  const value = equals < 0 ? undefined : line.slice(equals + 1);
  if (key === 'object-format') head.objectFormat = parseObjectFormat(value);
  else if (key === 'agent') head.agent = value;
  else if (key === 'server-option') head.serverOptions.push(value ?? '');
  else if (key === 'session-id' && offers.sessionId) head.sessionId = value;
  // Names servers of ours that the client would take objects from. We offer none; git since 2.50 takes it all the same, and 2.39 did not know it.
  else if (key === 'promisor-remote') return;
  else throw new ProtocolError(`unknown capability '${line}'`);
}

function parseObjectFormat(name: string | undefined): string {
  if (name === undefined) throw new ProtocolError('object-format capability requires an argument');
  if (name !== 'sha1' && name !== 'sha256') throw new ProtocolError(`unknown object format '${name}'`);
  return name;
}

function requireSameFormat(client: string, format: ObjectFormat): void {
  if (client === format.name) return;
  throw new ProtocolError(`mismatched object format: server ${format.name}; client ${client}`);
}

const NO_FLUSH: Readonly<Record<V2Command, string>> = {
  'ls-refs': 'expected flush after ls-refs arguments',
  fetch: 'expected flush after fetch arguments',
  'object-info': 'object-info: expected flush after arguments',
  'bundle-uri': 'bundle-uri: expected flush after arguments',
};

async function* noLines(): AsyncGenerator<string> {}

async function* readArguments(source: PktSource, command: V2Command): AsyncGenerator<string> {
  for (let lineCount = 0; ; lineCount++) {
    const pkt = await source.read();
    if (!pkt) throw new ProtocolError(HUNG_UP);
    if (pkt.kind === 'flush') return;
    if (pkt.kind !== 'data') throw new ProtocolError(NO_FLUSH[command]);
    requireNegotiationLines(lineCount);
    yield lineText(pkt.payload);
  }
}
