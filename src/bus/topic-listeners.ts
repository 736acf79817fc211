/** Who listens to what within one process. */

export type Listener = (message: Record<string, unknown>) => void;

export class TopicListeners {
  readonly #byTopic = new Map<string, Set<Listener>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** @returns a function that removes this listener once, and says whether it was the topic's last */
  add(topic: string, listener: Listener): () => 'others listen' | 'nobody listens' {
    const listeners = this.#byTopic.get(topic) ?? new Set();
    this.#byTopic.set(topic, listeners);
    // Wrapped, so that a function which listens twice is called twice and removed once.
    const entry: Listener = (message) => listener(message);
    listeners.add(entry);
    return () => {
      if (!listeners.delete(entry) || listeners.size > 0) return 'others listen';
      this.#byTopic.delete(topic);
      return 'nobody listens';
    };
  }

  /** Gives each listener its own copy of the message: what one does to it, or throws, is nothing to the next. */
  deliver(topic: string, messageJson: string): void {
    for (const listener of [...(this.#byTopic.get(topic) ?? [])]) {
      try {
        listener(parseMessage(messageJson));
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  clear(): void {
    this.#byTopic.clear();
  }
}

function parseMessage(messageJson: string): Record<string, unknown> {
  const message: unknown = JSON.parse(messageJson);
  if (!isRecord(message)) throw new TypeError(`the message ${messageJson.slice(0, 100)} is no JSON object`);
  return message;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where errors go that no caller waits for, unless the composition root knows better. */
export function warnOfError(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
