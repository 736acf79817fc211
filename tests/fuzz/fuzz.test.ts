/**
 * A short run of each fuzzer, the same inputs each time. `npm run fuzz -- <target> --seconds 3600` runs one for long, with
 * inputs of its own: FUZZ_TARGET, FUZZ_SEED, FUZZ_RUNS, FUZZ_SECONDS and FUZZ_HEARTBEAT say what and how long.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDatabase } from '../support/database.ts';
import { fuzz } from './fuzz-target.ts';
import { FUZZ_TARGETS } from './targets.ts';

const { FUZZ_TARGET, FUZZ_SEED, FUZZ_RUNS, FUZZ_SECONDS, FUZZ_HEARTBEAT } = process.env;
const isLong = FUZZ_RUNS !== undefined || FUZZ_SECONDS !== undefined;
const plan = {
  seed: Number(FUZZ_SEED ?? 1),
  runsMax: Number(FUZZ_RUNS ?? (isLong ? Number.MAX_SAFE_INTEGER : 2_000)),
  secondsMax: Number(FUZZ_SECONDS ?? (isLong ? 1e6 : 2)),
  heartbeatFile: FUZZ_HEARTBEAT,
};

describe.skipIf(!hasDatabase)('fuzzing', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);

  beforeAll(() => void process.on('unhandledRejection', note));
  afterAll(() => void process.off('unhandledRejection', note));

  it.each(FUZZ_TARGETS.filter(({ name }) => FUZZ_TARGET === undefined || FUZZ_TARGET === name))(
    '$name',
    { timeout: (plan.secondsMax + 120) * 1_000 },
    async ({ name, open }) => {
      const session = await open();
      try {
        const count = await fuzz(session, name, plan);
        if (isLong) console.log(`${name}: ${count} inputs, seed ${plan.seed}. ${session.describe?.() ?? ''}`);
        expect(count).toBeGreaterThan(0);
      } finally {
        await session.close?.();
      }
      expect(unhandled).toEqual([]);
    },
  );
});
