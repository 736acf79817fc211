/** One git request on its way through the handlers: what came in, where the answer goes, and how an error ends it. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '#auth/principal.ts';
import { encodePktLine } from '#git/pkt-line/encode.ts';
import type { ByteSink } from '#git/pkt-line/side-band.ts';
import { type ProtocolVersion, parseProtocolVersion } from '#git/protocol/version.ts';
import type { RequestContext } from '#http/request-context.ts';
import { OverloadedError } from '#repository/admission.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { errorText, isClientsFault } from '../git/error-text.ts';
import type { GitSession } from '../git/git-session.ts';
import type { GitServices } from '../git-services.ts';
import { GitResponse } from './git-response.ts';
import { HttpRefusal, refusalOfError } from './http-refusal.ts';
import { RequestBody } from './request-body.ts';
import { ClientLeftError } from './response-stream.ts';

export class GitExchange {
  readonly services: GitServices;
  readonly request: IncomingMessage;
  readonly response: GitResponse;
  readonly context: RequestContext;
  readonly body: RequestBody;
  readonly version: ProtocolVersion;

  constructor(services: GitServices, request: IncomingMessage, response: ServerResponse, context: RequestContext) {
    this.services = services;
    this.request = request;
    this.response = new GitResponse(response);
    this.context = context;
    this.body = new RequestBody(request, response, context.expectsContinue);
    this.version = parseProtocolVersion(headerText(request.headers['git-protocol']));
  }

  /** What `agent=` tells clients: printable ASCII without spaces. */
  get agent(): string {
    return `opencodehub/${this.services.site.version}`;
  }

  get signal(): AbortSignal {
    return this.response.signal;
  }

  /** The exchange as the handlers of `../git` see it. */
  session(repository: RepositoryRecord, principal: Principal, output: ByteSink = this.response): GitSession {
    const { services, version, agent, signal } = this;
    const { requestId, clientAddress, log } = this.context;
    const describe = (error: unknown) => this.describe(error);
    return {
      services,
      repository,
      principal,
      clientAddress,
      version,
      agent,
      sessionId: requestId,
      signal,
      output,
      log,
      describe,
    };
  }

  /** The response, which begins with the first bytes that are written. */
  beginning(contentType: string): ByteSink {
    const { response } = this;
    return {
      write(bytes) {
        if (!response.begun && !response.signal.aborted) response.begin(contentType);
        return response.write(bytes);
      },
    };
  }

  /** What a client reads about an error; reports the error when it is ours. */
  describe(error: unknown): string {
    // Such as a body whose compression turns out to be damaged behind the commands of a push.
    if (error instanceof HttpRefusal) return error.message;
    if (!isClientsFault(error) && !this.signal.aborted) this.log(error);
    return errorText(error, this.context.requestId);
  }

  /**
   * Answers with a status at once, since a client may wait for it before it sends its body; and ends when the body is in, since
   * a connection that closes earlier takes the answer with it.
   */
  async refuse(error: unknown): Promise<void> {
    if (this.#cannotAnswer(error)) return this.response.destroy();
    const refusal = refusalOfError(error, this.context.requestId);
    if (refusal.status >= 500) this.log(error);
    this.response.refuse(refusal, this.body.isDrainable ? 'keep' : 'close');
    await this.body.discard();
    this.response.end();
  }

  /** Answers in the protocol: status 200 and an `ERR` pkt, whether or not some pkts went out before. */
  async answerError(error: unknown, contentType: string): Promise<void> {
    const hasStatus = error instanceof HttpRefusal || (error instanceof OverloadedError && !this.response.begun);
    if (hasStatus || this.#cannotAnswer(error)) return this.refuse(error);
    const text = this.describe(error);
    const drained = await this.body.drain().catch(() => false);
    if (!this.response.begun) this.response.begin(contentType, drained ? 'keep' : 'close');
    await this.response.write(encodePktLine(`ERR ${text}`));
    this.response.end();
  }

  /** For errors that are ours. */
  log(error: unknown): void {
    this.context.log.error({ err: error }, 'git request failed');
  }

  #cannotAnswer(error: unknown): boolean {
    return (
      this.signal.aborted || error instanceof ClientLeftError || (error instanceof HttpRefusal && this.response.begun)
    );
  }
}

function headerText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(':') : header;
}
