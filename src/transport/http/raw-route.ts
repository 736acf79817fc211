/**
 * Routes that are answered on raw Node streams, before Astro: git, raw files. Back-pressure, chunked bodies and
 * `Expect: 100-continue` stay in our hands there.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Looks at method and raw URL alone.
 *
 * @returns undefined when the request is not this route's: ask the next one
 */
export type RawRoute = (request: IncomingMessage) => RawHandler | undefined;

/** Answers the request. Never rejects: what goes wrong is answered or, once an answer is under way, cuts the connection. */
export type RawHandler = (exchange: RawExchange) => Promise<void>;

export interface RawExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client waits for `100 Continue` (server event `checkContinue`): the handler sends it once it wants the body. */
  readonly awaitsContinue: boolean;
  /** Where the request comes from, proxies that we trust looked through. */
  readonly clientAddress: string;
  /** Names the request in logs, and in the answer to a client that met an error of ours. */
  readonly requestId: string;
}
