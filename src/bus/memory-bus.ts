/** The bus of a forge that is one process. */
import type { Bus } from './bus.ts';
import { type Listener, TopicListeners, warnOfError } from './topic-listeners.ts';

export interface MemoryBusOptions {
  /** Hears what listeners throw. */
  onError?: (error: unknown) => void;
}

export class MemoryBus implements Bus {
  readonly #listeners: TopicListeners;

  constructor(options: MemoryBusOptions = {}) {
    this.#listeners = new TopicListeners(options.onError ?? warnOfError);
  }

  /** Delivers after the caller's turn, as a network would. */
  async publish(topic: string, message: Record<string, unknown>): Promise<void> {
    const messageJson = JSON.stringify(message);
    setImmediate(() => this.#listeners.deliver(topic, messageJson));
  }

  async subscribe(topic: string, listener: Listener): Promise<() => Promise<void>> {
    const remove = this.#listeners.add(topic, listener);
    return async () => {
      remove();
    };
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {
    this.#listeners.clear();
  }
}
