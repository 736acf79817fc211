/** The bus of a forge of several processes: publish and subscribe over Redis or Valkey — redis.io, "Redis Pub/Sub". */
import type { Redis } from 'ioredis';
import type { Bus } from './bus.ts';
import { BusError } from './errors.ts';
import { openRedis, type RedisOptions } from './redis-connection.ts';
import { type Listener, TopicListeners, warnOfError } from './topic-listeners.ts';

export class RedisBus implements Bus {
  readonly #publisher: Redis;
  /** A connection of its own: one that subscribes takes no other commands. It resubscribes when it comes back. */
  readonly #subscriber: Redis;
  readonly #listeners: TopicListeners;
  readonly #channelPrefix: string;
  readonly #onError: (error: unknown) => void;

  constructor(options: RedisOptions) {
    this.#onError = options.onError ?? warnOfError;
    this.#channelPrefix = options.keyPrefix ?? '';
    this.#listeners = new TopicListeners(this.#onError);
    this.#publisher = openRedis(options.url, this.#onError);
    this.#subscriber = openRedis(options.url, this.#onError);
    this.#subscriber.on('message', (channel: string, messageJson: string) => {
      this.#listeners.deliver(channel.slice(this.#channelPrefix.length), messageJson);
    });
  }

  async publish(topic: string, message: Record<string, unknown>): Promise<void> {
    const messageJson = JSON.stringify(message);
    try {
      await this.#publisher.publish(this.#channelPrefix + topic, messageJson);
    } catch (error) {
      this.#onError(new BusError('publish to', topic, error));
    }
  }

  async subscribe(topic: string, listener: Listener): Promise<() => Promise<void>> {
    const remove = this.#listeners.add(topic, listener);
    try {
      // Also when others listen to the topic already: their subscription may still be on its way.
      await this.#subscriber.subscribe(this.#channelPrefix + topic);
    } catch (error) {
      remove();
      throw new BusError('subscribe to', topic, error);
    }
    return async () => {
      if (remove() === 'nobody listens') await this.#unsubscribe(topic);
    };
  }

  async check(): Promise<void> {
    try {
      await this.#publisher.ping();
    } catch (error) {
      throw new BusError('check', 'redis', error);
    }
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    this.#subscriber.disconnect();
    this.#publisher.disconnect();
  }

  async #unsubscribe(topic: string): Promise<void> {
    try {
      await this.#subscriber.unsubscribe(this.#channelPrefix + topic);
    } catch (error) {
      // Nobody hears its messages any more, so nothing is lost but a little traffic.
      this.#onError(new BusError('unsubscribe from', topic, error));
    }
  }
}
