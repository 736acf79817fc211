import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { untilQuiet } from './until-quiet.ts';

/** A source that never ends by itself. */
async function* open(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
  await new Promise(() => {});
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of source) text += Buffer.from(chunk).toString();
  return text;
}

it('ends when the source is silent and the pack whole', async () => {
  expect(await collect(untilQuiet(open('a', 'b'), async () => true))).toBe('ab');
});

it('waits for more when the pack is not whole', async () => {
  async function* slow() {
    yield Buffer.from('a');
    await wait(50);
    yield Buffer.from('b');
  }
  expect(await collect(untilQuiet(slow(), async () => false))).toBe('ab');
});

it('passes on what the source and the question throw', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a');
    await wait(30);
    throw new Error('gone');
  }
  await expect(collect(untilQuiet(broken(), async () => false))).rejects.toThrow('gone');
  await expect(collect(untilQuiet(open(), () => Promise.reject(new Error('bad pack'))))).rejects.toThrow('bad pack');
});
