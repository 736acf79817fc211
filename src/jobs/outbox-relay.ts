/**
 * Publishes what transactions left in the outbox. A row goes when the bus has taken its message, so a message is published
 * at least once; several processes may relay, each takes what the others have not locked.
 */
import type { Bus } from '#bus/bus.ts';
import type { Database } from '#db/client.ts';
import type { Log } from '#log.ts';
import { WakeSignal } from './wake-signal.ts';

const BATCH_ROWS = 100;
/** Bounds how late a message is whose notification was lost. */
const POLL_INTERVAL_MS = 5_000;

interface OutboxRow {
  readonly id: number;
  readonly topic: string;
  readonly payload: Record<string, unknown>;
}

export class OutboxRelay {
  readonly #database: Database;
  readonly #bus: Bus;
  readonly #log: Log;
  readonly #wake = new WakeSignal();
  #stopping = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(database: Database, bus: Bus, log: Log) {
    this.#database = database;
    this.#bus = bus;
    this.#log = log;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** A transaction with messages committed. */
  wake(): void {
    this.#wake.send();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake.close();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const published = await this.#publishBatch().catch((error: unknown) => {
        this.#log.error({ err: error }, 'cannot publish from the outbox');
        return 0;
      });
      if (published < BATCH_ROWS) await this.#wake.wait(POLL_INTERVAL_MS);
    }
  }

  /** @returns the number of messages published */
  async #publishBatch(): Promise<number> {
    return this.#database.transaction(async (tx) => {
      const rows = await tx<OutboxRow[]>`
        delete from outbox
        where id in (select id from outbox order by id for update skip locked limit ${BATCH_ROWS})
        returning id, topic, payload`;
      for (const { topic, payload } of rows.toSorted((a, b) => a.id - b.id)) await this.#bus.publish(topic, payload);
      return rows.length;
    });
  }
}
