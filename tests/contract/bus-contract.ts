/** What every bus must do — the contract of `src/bus/bus.ts`, as tests. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Bus } from '#bus/bus.ts';

export interface BusHarness {
  publisher: Bus;
  /** The same bus as another process has it. */
  subscriber: Bus;
  /** What the subscriber's `onError` heard. */
  errors: unknown[];
}

type Message = Record<string, unknown>;

export function describeBus(name: string, startHarness: () => Promise<BusHarness>): void {
  describe(`${name} keeps the contract of a bus:`, () => {
    let harness: BusHarness;
    beforeAll(async () => {
      harness = await startHarness();
    });
    afterAll(async () => {
      await harness.publisher.close();
      await harness.subscriber.close();
    });

    /** Resolves when all that was published before has been delivered: a topic's messages arrive in order. */
    async function delivered(): Promise<void> {
      const topic = randomUUID();
      const heard = await listen(harness.subscriber, topic);
      await harness.publisher.publish(topic, {});
      await vi.waitFor(() => expect(heard.messages).toHaveLength(1));
      await heard.stop();
    }

    test('delivers to every listener, of this process too, in order', async () => {
      const topic = randomUUID();
      const listeners = [
        await listen(harness.publisher, topic),
        await listen(harness.subscriber, topic),
        await listen(harness.subscriber, topic),
      ];
      const messages = Array.from({ length: 20 }, (_, number) => ({
        number,
        text: 'é\n',
        nested: { list: [1, null] },
      }));
      for (const message of messages) await harness.publisher.publish(topic, message);
      for (const heard of listeners) await vi.waitFor(() => expect(heard.messages).toEqual(messages));
      for (const heard of listeners) await heard.stop();
    });

    test('does not call listeners within publish', async () => {
      const topic = randomUUID();
      const heard = await listen(harness.publisher, topic);
      const publishing = harness.publisher.publish(topic, {});
      expect(heard.messages).toEqual([]);
      await publishing;
      await vi.waitFor(() => expect(heard.messages).toHaveLength(1));
    });

    test('keeps topics apart', async () => {
      const heard = await listen(harness.subscriber, `${randomUUID()}.a`);
      await harness.publisher.publish(randomUUID(), {});
      await delivered();
      expect(heard.messages).toEqual([]);
      await heard.stop();
    });

    test('ends one subscription and leaves the others, however often it is ended', async () => {
      const topic = randomUUID();
      const ended = await listen(harness.subscriber, topic);
      const other = await listen(harness.subscriber, topic);
      await ended.stop();
      await ended.stop();
      await harness.publisher.publish(topic, { after: true });
      await vi.waitFor(() => expect(other.messages).toEqual([{ after: true }]));
      expect(ended.messages).toEqual([]);
      await other.stop();
      await harness.publisher.publish(topic, { late: true });
      await delivered();
      expect(other.messages).toHaveLength(1);
    });

    test('takes a topic up again after its last listener left', async () => {
      const topic = randomUUID();
      const first = await listen(harness.subscriber, topic);
      const stopping = first.stop();
      const second = await listen(harness.subscriber, topic);
      await stopping;
      await harness.publisher.publish(topic, { again: true });
      await vi.waitFor(() => expect(second.messages).toEqual([{ again: true }]));
      await second.stop();
    });

    test('shields listeners from one that throws or changes the message', async () => {
      const topic = randomUUID();
      const stop = await harness.subscriber.subscribe(topic, (message) => {
        message['count'] = 'changed';
        throw new Error('listener broke');
      });
      const heard = await listen(harness.subscriber, topic);
      await harness.publisher.publish(topic, { count: 1 });
      await vi.waitFor(() => expect(heard.messages).toEqual([{ count: 1 }]));
      expect(harness.errors).toContainEqual(new Error('listener broke'));
      await heard.stop();
      await stop();
    });

    test('check resolves while the bus answers', async () => {
      await expect(harness.publisher.check()).resolves.toBeUndefined();
    });
  });
}

export async function listen(bus: Bus, topic: string): Promise<{ messages: Message[]; stop: () => Promise<void> }> {
  const messages: Message[] = [];
  const stop = await bus.subscribe(topic, (message) => messages.push(message));
  return { messages, stop };
}
