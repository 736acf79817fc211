/** What the server knows about a request before anybody has looked at it. */
import type { Log } from '#log.ts';

export interface RequestContext {
  /** On every answer as X-GitHub-Request-Id, and in every line of the log. */
  readonly requestId: string;
  /** The client's, behind trusted proxies too. */
  readonly clientAddress: string;
  /** Path and query exactly as sent: never decoded, collapsed or resolved. Starts with a slash. */
  readonly rawUrl: string;
  /**
   * The client sent `Expect: 100-continue` and holds its body back until `response.writeContinue()`. Whoever answers
   * authorises first and asks for the body then.
   */
  readonly expectsContinue: boolean;
  /** Names the request in each line. */
  readonly log: Log;
}
