/** Which commits a fetch sends, in the order in which walks want them. */
import { fromHex } from '#bytes/hex.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { DateQueue } from '#git/walk/ancestry.ts';
import { Pause } from '../pause.ts';
import type { Closure } from './closure.ts';

export interface CommitsToSend {
  /** Newest first, and none after one of its parents. */
  readonly positions: readonly number[];
  /** Their ids, one slot after another. */
  readonly ids: Uint8Array;
}

export async function commitsToSend(
  { graph, newCommits }: Pick<Closure, 'graph'> & { readonly newCommits: Iterable<number> },
  format: ObjectFormat,
  signal: AbortSignal,
): Promise<CommitsToSend> {
  const pause = new Pause();
  const queue = DateQueue.byGeneration(graph);
  const positions: number[] = [];
  for (const position of newCommits) {
    queue.push(position);
    if (pause.isDue) await pause.take();
  }
  const ids = new Uint8Array(queue.size * format.idBytes);
  for (let position = queue.pop(); position >= 0; position = queue.pop()) {
    ids.set(fromHex(graph.idAt(position)), positions.length * format.idBytes);
    positions.push(position);
    if (!pause.isDue) continue;
    signal.throwIfAborted();
    await pause.take();
  }
  return { positions, ids };
}
