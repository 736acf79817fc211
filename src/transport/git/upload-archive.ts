/**
 * upload-archive: `git archive --remote` — git-upload-archive(1); git's `builtin/upload-archive.c`. The client sends its
 * arguments, a pkt each, and a flush; the answer is `ACK`, a flush, and side bands with the archive.
 */
import { textOfBytes } from '#bytes/utf8.ts';
import { type ArchiveOrder, listArchiveFormats, parseArchiveArguments } from '#git/archive/archive-arguments.ts';
import { writeArchive } from '#git/archive/archive-format.ts';
import { requirePaths } from '#git/archive/archive-paths.ts';
import type { ArchiveRequest } from '#git/archive/archive-request.ts';
import { ExportSubstitution } from '#git/archive/export-subst.ts';
import { approximateDate } from '#git/date/approximate-date.ts';
import { ProtocolError } from '#git/errors.ts';
import { Pathspec } from '#git/path/pathspec.ts';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { HUNG_UP, PktLineReader, withoutNewline } from '#git/pkt-line/pkt-line-reader.ts';
import { SideBandChannel } from '#git/pkt-line/side-band.ts';
import { visibleRefs } from '#git/refs/visible-refs.ts';
import { limits } from '#limits.ts';
import { refsHiddenFromFetches } from '#repository/git-settings.ts';
import { findArchivedRevision } from './archive-revision.ts';
import { isClientsFault } from './error-text.ts';
import type { GitSession } from './git-session.ts';
import { doHeavyWork } from './heavy-work.ts';

const ARCHIVER_DIED = 'git upload-archive: archiver died with error';
const ARGUMENT = 'argument ';

/**
 * Serves one run of upload-archive.
 *
 * @param input what the client sends, at its own pace
 * @throws {OverloadedError} before a byte went out
 */
export async function serveUploadArchive(session: GitSession, input: AsyncIterable<Uint8Array>): Promise<void> {
  const reader = new PktLineReader(input);
  const received = await readArguments(reader).catch((error: unknown) => ({ error }));
  await doHeavyWork(session, () => respond(session, received));
}

type Received = { readonly args: readonly string[] } | { readonly error: unknown };

async function respond(session: GitSession, received: Received): Promise<void> {
  await session.output.write(encodePktLine('ACK\n'));
  await session.output.write(encodePktLine(FLUSH));
  const channel = new SideBandChannel(session.output);
  channel.startKeepalive();
  try {
    if ('error' in received) throw received.error;
    const isComplete = await answer(session, channel, received.args);
    await (isComplete ? channel.end() : channel.fail(ARCHIVER_DIED));
  } catch (error) {
    if (session.signal.aborted) throw error;
    // In git the archiver is a process of its own: it says why it dies, and whoever called it says that it did.
    channel.progress(`${isClientsFault(error) ? 'fatal' : 'error'}: ${session.describe(error)}\n`);
    await channel.fail(ARCHIVER_DIED);
  } finally {
    channel.stopKeepalive();
  }
}

/** @returns byte strings @throws {ProtocolError} in git's words */
async function readArguments(reader: PktLineReader): Promise<{ args: string[] }> {
  const args: string[] = [];
  for (;;) {
    const pkt = await reader.read();
    if (!pkt) throw new ProtocolError(HUNG_UP);
    // An empty pkt ends them too, as in git.
    if (pkt.kind !== 'data' || pkt.payload.length === 0) return { args };
    if (args.length >= limits.archiveArgumentsMax) {
      throw new ProtocolError(`Too many options (>${limits.archiveArgumentsMax - 1})`);
    }
    const line = Buffer.from(withoutNewline(pkt.payload)).toString('latin1');
    if (!line.startsWith(ARGUMENT)) throw new ProtocolError("'argument' token or flush expected");
    args.push(line.slice(ARGUMENT.length).replace(/\0.*$/s, ''));
  }
}

/** @returns false when the arguments made no sense, and the client was told why */
async function answer(session: GitSession, channel: SideBandChannel, args: readonly string[]): Promise<boolean> {
  const parsed = parseArchiveArguments(args);
  switch (parsed.kind) {
    case 'usage':
      channel.progress(parsed.text);
      return false;
    case 'list':
      await channel.data(Buffer.from(listArchiveFormats()));
      return true;
    case 'archive':
      await sendArchive(session, channel, parsed);
      return true;
  }
}

async function sendArchive(session: GitSession, channel: SideBandChannel, order: ArchiveOrder): Promise<void> {
  /** Lines that wait for the bytes that they are about. */
  let told = '';
  const tell = (line: string) => {
    told += `${line}\n`;
  };
  const request = await openRequest(session, order, tell);
  await requirePaths(request, order.paths);
  for await (const chunk of writeArchive(request, order.format, order.level)) {
    await channel.message(told);
    told = '';
    await channel.data(chunk);
  }
}

async function openRequest(
  { services, repository, signal }: GitSession,
  order: ArchiveOrder,
  tell: (line: string) => void,
): Promise<ArchiveRequest> {
  const snapshot = await services.engine.snapshot(repository.id, signal);
  const { objects } = snapshot;
  const refs = visibleRefs(snapshot.refs, refsHiddenFromFetches(repository.gitSettings));
  const { source, isAmbiguous } = await findArchivedRevision(snapshot, repository.gitSettings, order.treeish);
  if (isAmbiguous) tell(`warning: refname '${textOfBytes(order.treeish)}' is ambiguous.`);
  const { commit, treeId } = source;
  const now = Math.floor(Date.now() / 1_000);
  return {
    objects,
    treeId,
    commitId: commit?.id,
    substitution: commit && new ExportSubstitution({ ...commit, objects, refs, nowSeconds: now, signal }),
    timeSeconds: order.mtime === undefined ? (commit?.timeSeconds ?? now) : approximateDate(order.mtime, now),
    prefix: order.prefix,
    pathspec: new Pathspec(order.paths),
    attributes: order.worktreeAttributes ? 'ignored' : 'of-tree',
    treeDepthMax: repository.gitSettings['core.maxTreeDepth'],
    signal,
    onEntry: (entry) => {
      if (order.verbose) tell(`${Buffer.from(entry.path)}`);
      if (entry.kind === 'file' && entry.warning !== undefined) tell(entry.warning);
    },
  };
}
