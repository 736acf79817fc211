/**
 * The frame of every v2 request: a command, capabilities, and the command's arguments — gitprotocol-v2(5), "Command
 * Request". Messages are those of git's `serve.c`.
 */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';
import type { PktLine } from '#git/pkt-line/decode.ts';
import { HUNG_UP, lineText } from '#git/pkt-line/pkt-line-reader.ts';

export type V2Command = 'ls-refs' | 'fetch';

export interface V2Request {
  readonly command: V2Command;
  /** One line each, without its newline; up to the flush that ends the request. */
  readonly argumentLines: readonly string[];
}

/**
 * @param pkts the whole request
 * @returns undefined when the client says nothing but a flush, or nothing at all: it only tries the connection
 * @throws {ProtocolError}
 */
export function parseV2Request(pkts: Iterator<PktLine>, format: ObjectFormat): V2Request | undefined {
  const head = parseHead(pkts);
  if (!head) return undefined;
  if (!head.command) throw new ProtocolError('no command requested');
  requireSameFormat(head.objectFormat, format);
  const argumentLines = head.endedBy === 'delim' ? readArguments(pkts, head.command) : [];
  return { command: head.command, argumentLines };
}

interface RequestHead {
  readonly command: V2Command | undefined;
  readonly objectFormat: string;
  readonly endedBy: 'flush' | 'delim';
}

function parseHead(pkts: Iterator<PktLine>): RequestHead | undefined {
  let command: V2Command | undefined;
  let objectFormat = 'sha1';
  for (let lineCount = 0; ; lineCount++) {
    const next = pkts.next();
    if (next.done) {
      if (lineCount === 0) return undefined;
      throw new ProtocolError(HUNG_UP);
    }
    const pkt = next.value;
    if (pkt.kind === 'flush' && lineCount === 0) return undefined;
    if (pkt.kind === 'flush' || pkt.kind === 'delim') return { command, objectFormat, endedBy: pkt.kind };
    if (pkt.kind === 'response-end') throw new ProtocolError('unexpected response end packet');
    const line = lineText(pkt.payload);
    if (line.startsWith('command=')) command = parseCommand(line.slice('command='.length), command);
    else objectFormat = parseCapability(line) ?? objectFormat;
  }
}

function parseCommand(name: string, earlier: V2Command | undefined): V2Command {
  if (earlier) {
    throw new ProtocolError(`command '${name}' requested after already requesting command '${earlier}'`);
  }
  if (name !== 'ls-refs' && name !== 'fetch') throw new ProtocolError(`invalid command '${name}'`);
  return name;
}

/** @returns the object format, if it is that which the line names */
function parseCapability(line: string): string | undefined {
  const equals = line.indexOf('=');
  const key = equals < 0 ? line : line.slice(0, equals);
  switch (key) {
    case 'object-format':
      return parseObjectFormat(equals < 0 ? undefined : line.slice(equals + 1));
    case 'agent':
    case 'server-option':
      return undefined;
    default:
      throw new ProtocolError(`unknown capability '${line}'`);
  }
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

function readArguments(pkts: Iterator<PktLine>, command: V2Command): string[] {
  const lines: string[] = [];
  for (;;) {
    const next = pkts.next();
    if (next.done) throw new ProtocolError(HUNG_UP);
    if (next.value.kind === 'flush') return lines;
    if (next.value.kind !== 'data') throw new ProtocolError(`expected flush after ${command} arguments`);
    lines.push(lineText(next.value.payload));
  }
}
