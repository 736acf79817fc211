/** Runs one command of a client that has proven who it is: asks the policy, serves git, and ends with what git expects. */
import type { Decision } from '#auth/permission.ts';
import type { ObjectFormatName } from '#git/object/object-id.ts';
import type { ProtocolVersion } from '#git/protocol/version.ts';
import type { Log } from '#log.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { errorText, isClientsFault } from '../git/error-text.ts';
import { type CreatableRepository, decideGitAccess, type GitAccess } from '../git/git-access.ts';
import type { GitSession } from '../git/git-session.ts';
import { type PushingClient, servePushThatCreates, serveReceivePack } from '../git/receive-pack.ts';
import { serveUploadArchive } from '../git/upload-archive.ts';
import { serveUploadPack } from '../git/upload-pack.ts';
import { type CommandStream, SshClientLeftError } from './command-stream.ts';
import type { SshCommand, SshGitService } from './exec-command.ts';
import { answerLfsAuthenticate } from './lfs-authenticate.ts';
import type { SshPrincipal } from './proven-key.ts';
import type { SshServices } from './ssh-services.ts';

interface CommandRun {
  readonly services: SshServices;
  readonly principal: SshPrincipal;
  readonly version: ProtocolVersion;
  /** Names this run in the log, and to clients. */
  readonly runId: string;
  readonly stream: CommandStream;
  readonly signal: AbortSignal;
  readonly log: Log;
}

type RunnableCommand = Exclude<SshCommand, { kind: 'refused' }>;

/** A sentence instead of what was asked for. */
class SshRefusal extends Error {
  override readonly name = 'SshRefusal';
}

/** As git's own programs end: by `die`, and in the manner of hosts that say no. */
const EXIT_FAILED = 128;
const EXIT_REFUSED = 1;

/** @returns the exit status; the user has been told what went wrong */
export async function runCommand(run: CommandRun, command: RunnableCommand): Promise<number> {
  try {
    const access = await requireAccess(run, command);
    if (command.kind === 'lfs-authenticate')
      await answerLfsAuthenticate(run, requireExisting(access), command.operation);
    else await serveGit(run, access, command.service);
    return 0;
  } catch (error) {
    return explain(run, error);
  }
}

async function requireAccess(run: CommandRun, command: RunnableCommand): Promise<GitAccess> {
  const { repository } = command;
  if (repository === undefined) throw new SshRefusal('Repository not found.');
  const access = await decideGitAccess(run.services, run.principal, repository, needOf(command));
  switch (access.kind) {
    case 'existing':
    case 'creatable':
      return access;
    case 'unusable-name':
      throw new SshRefusal(access.reason);
    case 'refused':
      throw new SshRefusal(refusalText(access.decision));
  }
}

function needOf(command: RunnableCommand): 'read' | 'write' {
  if (command.kind === 'lfs-authenticate') return command.operation === 'upload' ? 'write' : 'read';
  return command.service === 'git-receive-pack' ? 'write' : 'read';
}

/** What may not be seen and what does not exist are told in the same words. */
function refusalText(decision: Exclude<Decision, { kind: 'allow' }>): string {
  return decision.kind === 'forbidden' ? decision.reason : 'Repository not found.';
}

function requireExisting(access: GitAccess): RepositoryRecord {
  if (access.kind === 'creatable') throw new SshRefusal('Repository not found.');
  return access.repository;
}

async function serveGit(run: CommandRun, access: GitAccess, service: SshGitService): Promise<void> {
  const client = toClient(run);
  const input = run.stream.input();
  if (access.kind === 'creatable') {
    const create = async (format: ObjectFormatName): Promise<GitSession> => {
      return { ...client, repository: await createRepository(run, access, format) };
    };
    return servePushThatCreates(client, input, { create });
  }
  const session = { ...client, repository: access.repository };
  switch (service) {
    case 'git-upload-pack':
      return serveUploadPack(session, input, 'stateful');
    case 'git-receive-pack':
      return serveReceivePack(session, input, 'stateful');
    case 'git-upload-archive':
      return serveUploadArchive(session, input);
  }
}

async function createRepository(
  { services }: CommandRun,
  { ownerId, name, principal }: CreatableRepository,
  objectFormat: ObjectFormatName,
): Promise<RepositoryRecord> {
  const outcome = await services.catalog.create(principal, { ownerId, name, visibility: 'private', objectFormat });
  switch (outcome.kind) {
    case 'created':
      return outcome.repository;
    case 'name-taken':
      throw new SshRefusal('Somebody else created this repository at this moment. Push again.');
    case 'invalid':
      throw new SshRefusal(outcome.reason);
  }
}

function toClient(run: CommandRun): PushingClient {
  const { services, principal, version, runId, signal, stream, log } = run;
  return {
    services,
    principal,
    version,
    agent: `opencodehub/${services.site.version}`,
    sessionId: runId,
    signal,
    output: stream,
    log,
    describe: (error) => describe(run, error),
  };
}

function explain(run: CommandRun, error: unknown): number {
  if (run.signal.aborted || error instanceof SshClientLeftError) return EXIT_FAILED;
  if (error instanceof SshRefusal) {
    run.stream.tell(`ERROR: ${error.message}`);
    return EXIT_REFUSED;
  }
  run.stream.tell(`fatal: ${describe(run, error)}`);
  return EXIT_FAILED;
}

function describe(run: CommandRun, error: unknown): string {
  if (!isClientsFault(error) && !run.signal.aborted) logError(run, error);
  return errorText(error, run.runId);
}

function logError(run: CommandRun, error: unknown): void {
  run.log.error({ err: error }, 'ssh command failed');
}
