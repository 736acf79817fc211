/**
 * The port to publish and subscribe between the processes of one forge. Delivery is at most once and may be late: a message
 * only ever invalidates or wakes, and nothing is incorrect when one is lost.
 */
export interface Bus {
  publish(topic: string, message: Record<string, unknown>): Promise<void>;
  /** Calls `listener` for each message, of this process too. @returns a function that ends the subscription */
  subscribe(topic: string, listener: (message: Record<string, unknown>) => void): Promise<() => Promise<void>>;
  check(): Promise<void>;
  close(): Promise<void>;
}
