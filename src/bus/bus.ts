/**
 * The port to publish and subscribe between the processes of one forge. Delivery is at most once and may be late: a message
 * only ever invalidates or wakes, and nothing is incorrect when one is lost.
 */
export interface Bus {
  /**
   * Sends a JSON object to all who listen. Never rejects because nobody can be reached: what was published is committed
   * elsewhere, and its author must not see an error for it. `check` and the adapter's `onError` tell.
   */
  publish(topic: string, message: Record<string, unknown>): Promise<void>;
  /**
   * Calls `listener` for each message, of this process too, from the moment the promise resolves and again after the
   * connection was lost and is back. What a listener throws goes to the adapter's `onError` and to nobody else.
   *
   * @returns a function that ends the subscription
   * @throws {BusError} the bus cannot be reached
   */
  subscribe(topic: string, listener: (message: Record<string, unknown>) => void): Promise<() => Promise<void>>;
  /** Resolves when the bus answers; rejects otherwise. For readiness checks. @throws {BusError} */
  check(): Promise<void>;
  close(): Promise<void>;
}
