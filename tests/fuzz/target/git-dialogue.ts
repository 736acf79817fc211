/** Runs a git service in this process over nothing but bytes: what a connection adds costs more than most inputs. */
import type { ByteSink } from '#git/pkt-line/side-band.ts';
import type { ProtocolVersion } from '#git/protocol/version.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { errorText, isClientsFault } from '#transport/git/error-text.ts';
import type { GitSession } from '#transport/git/git-session.ts';
import type { GitForge } from '../../support/git-forge.ts';
import type { Random } from '../random.ts';
import type { ServerWatch } from '../server-watch.ts';

export interface Dialogue {
  readonly forge: GitForge;
  readonly watch: ServerWatch;
  readonly repository: RepositoryRecord;
  readonly version?: ProtocolVersion;
}

/** @returns all that the client is sent, unless it leaves before @throws what is neither the client's fault nor git's to say */
export async function holdDialogue(
  { forge, watch, repository, version = 0 }: Dialogue,
  leaving: AbortController,
  serve: (session: GitSession) => Promise<void>,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const unexpected: unknown[] = [];
  const output: ByteSink = {
    async write(bytes) {
      leaving.signal.throwIfAborted();
      chunks.push(Buffer.from(bytes));
    },
  };
  const session: GitSession = {
    services: forge.services,
    repository,
    principal: forge.owner,
    clientAddress: '127.0.0.1',
    version,
    agent: 'fuzzed/1',
    sessionId: 'fuzz',
    signal: leaving.signal,
    output,
    log: watch.log,
    describe(error) {
      if (!isClientsFault(error) && !leaving.signal.aborted) unexpected.push(error);
      return errorText(error, 'fuzz');
    },
  };
  try {
    await serve(session);
  } catch (error) {
    if (!leaving.signal.aborted && !isClientsFault(error)) throw error;
  }
  if (unexpected.length > 0) throw unexpected[0];
  return Buffer.concat(chunks);
}

/** A client's bytes in pieces, each a moment after the other; now and then it leaves in the middle. */
export async function* inPieces(random: Random, bytes: Buffer, leaving: AbortController): AsyncGenerator<Uint8Array> {
  const leavesAt = random.oneIn(40) ? random.below(bytes.length + 1) : Number.POSITIVE_INFINITY;
  const isWhole = random.oneIn(2);
  for (let at = 0; at < bytes.length; ) {
    const length = isWhole ? bytes.length : 1 + random.size(bytes.length);
    if (at + length > leavesAt) {
      leaving.abort();
      throw leaving.signal.reason;
    }
    // Copies: a piece may be reused by whoever sent it.
    yield Buffer.from(bytes.subarray(at, at + length));
    at += length;
  }
}
