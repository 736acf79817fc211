/** What a kind of job is to the worker. */
export interface JobHandler {
  readonly kind: string;
  /**
   * Does the job, which may run again after it succeeded when a process dies at the wrong moment: it must be idempotent.
   *
   * @param payload as it was enqueued, unparsed
   * @param signal aborts when the process stops; the job then runs again elsewhere
   * @throws anything: the job is tried again later, and given up after its last try
   */
  run(payload: unknown, signal: AbortSignal): Promise<void>;
  /** For a job that comes round by itself, on one process of the forge at a time: the pause after each run. */
  readonly everyMs?: number;
}
