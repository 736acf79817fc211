/**
 * The one server: every request gets an id, a line in the log and the common headers, and then goes to the first of the raw
 * routes, the static files and the pages that answers it. Stopping lets running requests finish.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '#log.ts';
import { logAccess } from './access-log.ts';
import { type ClientAddressReader, createClientAddressReader } from './client-address.ts';
import { answerError } from './error-answer.ts';
import type { RawRoute } from './raw-route.ts';
import type { RequestContext } from './request-context.ts';
import { findRequestFault } from './request-fault.ts';
import { readRequestUrl } from './request-url.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { type AllowedMethods, answerUnreadable } from './unreadable-request.ts';

/** A client has this long to send its headers; bodies may take as long as they flow, and who reads one bounds its pauses. */
const HEADERS_TIMEOUT_MS = 60_000;
/** Longer than the minute for which proxies keep a connection to us, so that it is they who close it, and none loses a request. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

export interface HttpServerOptions {
  readonly publicUrl: URL;
  readonly trustedProxies: readonly string[];
  readonly log: Log;
  /** Asked in order; the last one answers everything. */
  readonly routes: readonly RawRoute[];
  /** For requests that no route sees, because Node does not know their method. */
  readonly allowedMethods?: AllowedMethods;
}

export class HttpServer {
  readonly #server: Server;
  readonly #options: HttpServerOptions;
  readonly #readClientAddress: ClientAddressReader;
  readonly #running = new Set<ServerResponse>();
  #stopping = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#readClientAddress = createClientAddressReader(options.trustedProxies);
    this.#server = createServer({
      requestTimeout: 0,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    });
    this.#server.on('request', (request, response) => void this.#answer(request, response, false));
    // Without this listener Node answers 100 by itself, and the body of a push that will be refused is sent for nothing.
    this.#server.on('checkContinue', (request, response) => void this.#answer(request, response, true));
    this.#server.on('clientError', (error, socket) => {
      const hasBegun = [...this.#running].some((response) => response.socket === socket && response.headersSent);
      answerUnreadable(error, socket, hasBegun, options.allowedMethods ?? (() => undefined));
    });
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /**
   * Resolves when connections are taken; rejects when the address is somebody else's.
   *
   * @param port 0 for any
   */
  async listen(port: number, host: string): Promise<AddressInfo> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this.#server.address() as AddressInfo;
  }

  /**
   * Refuses new connections, lets running requests finish, and resolves when none is left. After `timeoutMs`, or when
   * `hurry` aborts, cuts those that remain.
   */
  async stop(timeoutMs: number, hurry: AbortSignal): Promise<void> {
    this.#stopping = true;
    const closed = once(this.#server, 'close');
    this.#server.close();
    const cut = () => this.#server.closeAllConnections();
    const timer = setTimeout(cut, timeoutMs);
    hurry.addEventListener('abort', cut, { once: true });
    for (const response of this.#running) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
    await closed;
    clearTimeout(timer);
    hurry.removeEventListener('abort', cut);
  }

  async #answer(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    const requestId = randomUUID();
    this.#track(response);
    response.setHeader('X-GitHub-Request-Id', requestId);
    setSecurityHeaders(response, this.#options.publicUrl);
    const target = request.url ?? '/';
    const log = this.#options.log.child({ requestId });
    logAccess(request, response, log, target);
    const rawUrl = readRequestUrl(target);
    const fault = findRequestFault(request);
    if (rawUrl === undefined || fault !== undefined) {
      answerError(response, fault ?? 400, requestId);
      return;
    }
    request.url = rawUrl;
    const clientAddress = this.#readClientAddress(request);
    await this.#route(request, response, { requestId, clientAddress, rawUrl, expectsContinue, log });
  }

  async #route(request: IncomingMessage, response: ServerResponse, context: RequestContext): Promise<void> {
    try {
      for (const route of this.#options.routes) {
        if (await route(request, response, context)) return;
      }
      answerError(response, 404, context.requestId);
    } catch (error) {
      // A client that went away is its own affair, and the access log has it.
      if (!response.destroyed) context.log.error({ err: error }, 'request failed');
      answerError(response, 500, context.requestId);
    }
  }

  #track(response: ServerResponse): void {
    this.#running.add(response);
    if (this.#stopping) response.setHeader('Connection', 'close');
    response.once('close', () => {
      this.#running.delete(response);
      // A connection kept alive would keep the server open until its idle timeout.
      if (this.#stopping) setImmediate(() => this.#server.closeIdleConnections());
    });
  }
}
