/** How much of the generated tests runs: a little by default, more by `DIFFERENTIAL_SEED=1000 DIFFERENTIAL_RUNS=200 vitest run tests/differential`. */
const FIRST_SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? 1);
const RUNS = Number(process.env['DIFFERENTIAL_RUNS'] ?? 3);

/** Questions about one repository. */
export const QUESTIONS = Number(process.env['DIFFERENTIAL_QUESTIONS'] ?? 20);

export const SEEDS: readonly number[] = Array.from({ length: RUNS }, (_, index) => FIRST_SEED + index);

/** Whether features that our server does not advertise yet are compared all the same. */
export const EVERYTHING = process.env['DIFFERENTIAL_ALL'] === '1';
