/** One git request on its way through the handlers: what came in, where the answer goes, and how an error ends it. */

import { encodePktLine, encodePktLines, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { type ProtocolVersion, parseProtocolVersion } from '#git/protocol/version.ts';
import { errorText, isClientsFault } from './error-text.ts';
import type { GitHost } from './git-host.ts';
import { ClientLeftError, GitResponse } from './git-response.ts';
import { HttpRefusal, refusalOfError } from './http-refusal.ts';
import type { RawExchange } from './raw-route.ts';
import { RequestBody } from './request-body.ts';

export class GitExchange {
  readonly host: GitHost;
  readonly raw: RawExchange;
  readonly body: RequestBody;
  readonly response: GitResponse;
  readonly version: ProtocolVersion;

  constructor(host: GitHost, raw: RawExchange) {
    this.host = host;
    this.raw = raw;
    this.body = new RequestBody(raw);
    this.response = new GitResponse(raw.response);
    this.version = parseProtocolVersion(headerText(raw.request.headers['git-protocol']));
  }

  get signal(): AbortSignal {
    return this.response.signal;
  }

  async writePkts(pkts: Iterable<OutgoingPkt>): Promise<void> {
    for (const bytes of encodePktLines(pkts)) await this.response.write(bytes);
  }

  /** What a client reads about an error; reports the error when it is ours. */
  describe(error: unknown): string {
    if (!isClientsFault(error) && !this.signal.aborted) this.host.reportError(error, this.raw.requestId);
    return errorText(error, this.raw.requestId);
  }

  /** Answers with a status, after the client had the time to send what it was sending. */
  async refuse(error: unknown): Promise<void> {
    if (this.#cannotAnswer(error)) return this.response.destroy();
    const refusal = refusalOfError(error, this.raw.requestId);
    if (refusal.status >= 500) this.host.reportError(error, this.raw.requestId);
    const drained = await this.body.drain().catch(() => false);
    this.response.refuse(refusal, drained ? 'keep' : 'close');
  }

  /** Answers in the protocol: status 200 and an `ERR` pkt, whether or not some pkts went out before. */
  async answerError(error: unknown, contentType: string): Promise<void> {
    if (error instanceof HttpRefusal || this.#cannotAnswer(error)) return this.refuse(error);
    const text = this.describe(error);
    const drained = await this.body.drain().catch(() => false);
    if (!this.response.begun) this.response.begin(contentType, drained ? 'keep' : 'close');
    await this.response.write(encodePktLine(`ERR ${text}`));
    this.response.end();
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
