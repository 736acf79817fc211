/**
 * One run of a git service for one client, whatever carries its bytes: what the handlers of this folder read, write and ask.
 * HTTP makes one for each request (`transport/http`), SSH one for each command (`transport/ssh`). Who may do what was decided
 * before a session was made.
 */
import type { Principal } from '#auth/principal.ts';
import type { ByteSink } from '#git/pkt-line/side-band.ts';
import type { ProtocolVersion } from '#git/protocol/version.ts';
import type { Log } from '#log.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { GitServices } from '../git-services.ts';

export interface GitSession {
  readonly services: GitServices;
  readonly repository: RepositoryRecord;
  readonly principal: Principal;
  /** Where the client is, by which anonymous ones are told apart. */
  readonly clientAddress?: string;
  readonly version: ProtocolVersion;
  /** What `agent=` tells clients: printable ASCII without spaces. */
  readonly agent: string;
  /** What `session-id=` tells clients, and the log calls this run. */
  readonly sessionId: string;
  /** Aborted when the client leaves, or the server has had enough: all work for it ends. */
  readonly signal: AbortSignal;
  /** The client's side, at its pace. */
  readonly output: ByteSink;
  readonly log: Log;
  /** What a client reads about an error; reports the error when it is ours. */
  describe(error: unknown): string;
}

/**
 * How the two sides take turns. `stateless`: one request and one answer, each request repeating what was said before
 * (HTTP). `stateful`: the server speaks first and both go on until the work is done (SSH).
 */
export type GitDialogue = 'stateless' | 'stateful';
