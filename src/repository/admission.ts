/**
 * How much heavy work (fetches that need a pack, pushes, archives) one process takes on at once. Each job needs memory for what
 * it reads ahead and time of the one main thread; more of them at once would make all of them slower, and in the end none
 * complete. A job waits in line for a moment when there is no room, and is turned away after that.
 *
 * Counted in this process alone: each process has memory and processors of its own.
 */

export interface AdmissionLimits {
  /** Jobs at once: for one repository, for one client, in all. */
  readonly perRepositoryMax: number;
  readonly perClientMax: number;
  readonly totalMax: number;
  /** Jobs that wait. */
  readonly waitingMax: number;
  readonly waitMaxMs: number;
  /** What clients that are turned away are told to wait. */
  readonly retryAfterMs: number;
}

export interface HeavyJob {
  readonly repositoryId: number;
  /** Who it is for: a user, a deploy key, an address of nobody in particular. */
  readonly client: string;
  readonly signal: AbortSignal;
}

export interface AdmissionCounts {
  readonly running: number;
  readonly waiting: number;
}

/** Of whom there are too many jobs: that decides what is said. */
export type OverloadReason = 'client' | 'repository' | 'server' | 'stopping';

/** There is no room. The message is a sentence for the user. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  readonly code = 'OVERLOADED';
  readonly reason: OverloadReason;
  readonly retryAfterMs: number;

  constructor(reason: OverloadReason, retryAfterMs: number) {
    const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
    super(`${EXPLANATION[reason]} Try again in ${seconds} s.`);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

const EXPLANATION: Readonly<Record<OverloadReason, string>> = {
  client: 'Too many of your clones, pushes and downloads are running at once.',
  repository: 'Too many clones, pushes and downloads of this repository are running at once.',
  server: 'The server is too busy with other clones and pushes.',
  stopping: 'The server is being restarted.',
};

interface Waiter {
  readonly job: HeavyJob;
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #perRepository = new Map<number, number>();
  readonly #perClient = new Map<string, number>();
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiter>();
  #running = 0;
  #stopping = false;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get counts(): AdmissionCounts {
    return { running: this.#running, waiting: this.#waiting.size };
  }

  /**
   * Does the work once there is room for it. The room is free again when the work ends, or at once when the job is aborted.
   *
   * @throws {OverloadedError} there was no room in time; the work was not begun
   */
  async run<Result>(job: HeavyJob, work: () => Promise<Result>): Promise<Result> {
    const leave = await this.#enter(job);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Takes on nothing more: who waits is told so, and who runs may finish. */
  stop(): void {
    this.#stopping = true;
    for (const waiter of this.#waiting) waiter.refuse(this.#overload('stopping'));
  }

  async #enter(job: HeavyJob): Promise<() => void> {
    job.signal.throwIfAborted();
    if (this.#stopping) throw this.#overload('stopping');
    if (this.#obstacle(job) !== undefined) await this.#wait(job);
    else this.#count(job, 1);
    return this.#leaving(job);
  }

  /** @returns ends the job, whichever comes first: its end, or its being aborted */
  #leaving(job: HeavyJob): () => void {
    let isOver = false;
    const leave = () => {
      if (isOver) return;
      isOver = true;
      job.signal.removeEventListener('abort', leave);
      this.#count(job, -1);
      this.#admitWaiting();
    };
    job.signal.addEventListener('abort', leave);
    if (job.signal.aborted) leave();
    return leave;
  }

  async #wait(job: HeavyJob): Promise<void> {
    const obstacle = this.#obstacle(job) ?? 'server';
    // Those of one client may not fill the line either.
    const ofClient = [...this.#waiting].filter((waiter) => waiter.job.client === job.client).length;
    if (this.#waiting.size >= this.#limits.waitingMax) throw this.#overload(obstacle);
    if (obstacle === 'client' && ofClient >= this.#limits.perClientMax) throw this.#overload(obstacle);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Out of the line at once: whoever is let in after having left would hold a room for nobody.
    const refuse = (reason: unknown) => {
      this.#waiting.delete(waiter);
      reject(reason);
    };
    const waiter: Waiter = { job, admit: resolve, refuse };
    const giveUp = () => refuse(this.#overload(this.#obstacle(job) ?? obstacle));
    const timer = setTimeout(giveUp, this.#limits.waitMaxMs);
    const abort = () => refuse(job.signal.reason);
    job.signal.addEventListener('abort', abort);
    this.#waiting.add(waiter);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      job.signal.removeEventListener('abort', abort);
    }
  }

  /** Who fits goes first, in the order of the line: a busy repository does not keep others waiting. */
  #admitWaiting(): void {
    for (const waiter of this.#waiting) {
      if (this.#obstacle(waiter.job) !== undefined) continue;
      this.#waiting.delete(waiter);
      this.#count(waiter.job, 1);
      waiter.admit();
    }
  }

  #obstacle({ client, repositoryId }: HeavyJob): OverloadReason | undefined {
    const { perClientMax, perRepositoryMax, totalMax } = this.#limits;
    if ((this.#perClient.get(client) ?? 0) >= perClientMax) return 'client';
    if ((this.#perRepository.get(repositoryId) ?? 0) >= perRepositoryMax) return 'repository';
    return this.#running >= totalMax ? 'server' : undefined;
  }

  #count({ client, repositoryId }: HeavyJob, by: 1 | -1): void {
    this.#running += by;
    add(this.#perClient, client, by);
    add(this.#perRepository, repositoryId, by);
  }

  #overload(reason: OverloadReason): OverloadedError {
    return new OverloadedError(reason, this.#limits.retryAfterMs);
  }
}

function add<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
