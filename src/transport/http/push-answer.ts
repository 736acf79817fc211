/** The answer to a push: held back while the pack comes in, then progress and keepalives, then the report. */
import { encodePktLines } from '#git/pkt-line/encode.ts';
import { BareChannel, type PackChannel, SideBandChannel } from '#git/pkt-line/side-band.ts';
import type { ReceiveRequest } from '#git/protocol/receive-request.ts';
import { type PushReport, reportStatus } from '#git/protocol/report-status.ts';
import { limits } from '#limits.ts';
import type { GitExchange } from './git-exchange.ts';

export const RECEIVE_PACK_RESULT_TYPE = 'application/x-git-receive-pack-result';

export class PushAnswer {
  readonly #exchange: GitExchange;
  readonly #request: ReceiveRequest;
  readonly #channel: PackChannel;
  /** Progress from before the answer may begin. */
  readonly #heldLines: string[] = [];

  constructor(exchange: GitExchange, request: ReceiveRequest) {
    this.#exchange = exchange;
    this.#request = request;
    this.#channel = request.sideBand ? new SideBandChannel(exchange.response) : new BareChannel(exchange.response);
  }

  progress(line: string): void {
    if (this.#request.quiet) return;
    if (this.#exchange.response.begun) this.#channel.progress(line);
    else if (this.#heldLines.length < limits.progressBacklogMax) this.#heldLines.push(line);
  }

  /** Lets the answer begin: the client has sent everything, and listens. */
  begin(connection: 'keep' | 'close' = 'keep'): void {
    const { response, signal } = this.#exchange;
    if (response.begun || signal.aborted) return;
    response.begin(RECEIVE_PACK_RESULT_TYPE, connection);
    this.#channel.startKeepalive();
    for (const line of this.#heldLines.splice(0)) this.#channel.progress(line);
  }

  /** Reports and ends the answer. */
  async finish(report: PushReport): Promise<void> {
    const drained = await this.#exchange.body.drain();
    this.begin(drained ? 'keep' : 'close');
    if (this.#request.report !== 'none') {
      for (const bytes of encodePktLines(reportStatus(report, this.#request.report))) await this.#channel.data(bytes);
    }
    await this.#channel.end();
    this.#exchange.response.end();
  }

  /** Ends it without a report: the client has left. */
  abandon(): void {
    this.#channel.stopKeepalive();
    this.#exchange.response.destroy();
  }
}
