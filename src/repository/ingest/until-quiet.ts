/**
 * The bytes of a source whose end nobody announces: over SSH a client may leave its side open while it waits for the answer to
 * its push. Where a pack ends only its parser knows, in a thread; it is asked whenever the source falls silent.
 */
import { limits } from '#limits.ts';

/**
 * @param isOver asked after a silence, before more is waited for
 * @returns what the source yields; after the end it is left as it is, unless it had ended itself
 */
export async function* untilQuiet(
  source: AsyncIterable<Uint8Array>,
  isOver: () => Promise<boolean>,
): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  for (;;) {
    const next = chunks.next();
    // Whoever waits for it below learns of a failure; when nobody does, it is of no interest.
    next.catch(() => {});
    if (!(await settlesSoon(next)) && (await isOver())) return;
    const step = await next;
    if (step.done) return;
    yield step.value;
  }
}

async function settlesSoon(promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limits.packSilenceMs);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, silence]).finally(() => clearTimeout(timer));
}
