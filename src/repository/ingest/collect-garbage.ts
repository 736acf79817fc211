/**
 * Has memory collected now. V8 does not count shared memory when it decides whether to collect, so the segments of a large pack would
 * stay for as long as little else is allocated: hundreds of megabytes in a process that has nothing to do.
 *
 * The collector is not exposed by default; switching it on after the start reaches contexts made from then on, so it is taken from a new one.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
}
