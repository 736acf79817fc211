/**
 * The answer to a push: held back while the pack comes in, then messages and keepalives, then the report. Whatever carries it
 * gets its first byte when the answer begins, and not before.
 */
import { encodePktLines } from '#git/pkt-line/encode.ts';
import { BareChannel, type ByteSink, type PackChannel, SideBandChannel } from '#git/pkt-line/side-band.ts';
import type { ReceiveRequest } from '#git/protocol/receive-request.ts';
import { type PushReport, reportStatus } from '#git/protocol/report-status.ts';
import { limits } from '#limits.ts';

export class PushAnswer {
  readonly #request: Pick<ReceiveRequest, 'report' | 'quiet'>;
  readonly #channel: PackChannel;
  /** From before the answer may begin. */
  readonly #heldLines: string[] = [];
  #hasBegun = false;

  constructor(output: ByteSink, request: Pick<ReceiveRequest, 'report' | 'quiet' | 'sideBand'>) {
    this.#request = request;
    this.#channel = request.sideBand ? new SideBandChannel(output) : new BareChannel(output);
  }

  /** How far the work has come, for clients that want to know. */
  progress(line: string): void {
    if (!this.#request.quiet) this.message(line);
  }

  /** What the person who pushes should read: errors and warnings, in whole lines. */
  message(line: string): void {
    if (this.#hasBegun) this.#channel.progress(line);
    else if (this.#heldLines.length < limits.progressBacklogMax) this.#heldLines.push(line);
  }

  /** Lets the answer begin: the client has sent everything, and listens. */
  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#channel.startKeepalive();
    for (const line of this.#heldLines.splice(0)) this.#channel.progress(line);
  }

  /** Reports, and ends the answer. */
  async finish(report: PushReport): Promise<void> {
    this.begin();
    if (this.#request.report !== 'none') {
      for (const bytes of encodePktLines(reportStatus(report))) await this.#channel.data(bytes);
    }
    await this.#channel.end();
  }

  /** Ends it without a report: the client has left. */
  abandon(): void {
    this.#channel.stopKeepalive();
  }
}
