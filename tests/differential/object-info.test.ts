/** `object-info` of objects that clients may see, in every form that git takes: our answers beside those of `git http-backend`. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, FLUSH } from '#git/pkt-line/encode.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { generateRepository, visibleIds } from './generated-repository.ts';
import { QUESTIONS, SEEDS } from './seeds.ts';
import { linesOf, Twins } from './twins.ts';

describe.skipIf(!hasDatabase)('object-info, beside git http-backend', () => {
  let forge: GitForge;

  beforeAll(async () => {
    forge = await GitForge.start();
  });

  afterAll(() => forge?.close());

  it.for(SEEDS)('of seed %i', { timeout: 120_000 }, async (seed) => {
    const repository = generateRepository(seed);
    const { format, zeroId } = repository.model;
    const twins = await Twins.create(forge, `info-${seed}`, repository);
    const ids = [...visibleIds(repository), '12'.repeat(zeroId.length / 2)];
    const oid = fc.constantFrom(...ids).map((id) => `oid ${id}`);
    const other = fc.constantFrom('oid', 'oid xyz', `oid ${'1'.repeat(39)}`, 'type', 'size x', 'frotz');
    const line = fc.oneof({ weight: 12, arbitrary: oid }, { weight: 6, arbitrary: fc.constant('size') }, other);
    const differences: unknown[] = [];
    for (const some of fc.sample(fc.array(line, { maxLength: 8 }), { seed, numRuns: QUESTIONS })) {
      // Git of 2.39 has not made up its mind what it does where nobody asked for sizes: it reads a variable that was never set.
      const lines = [...some, 'size'];
      const pkts = [
        'command=object-info',
        `object-format=${format}`,
        DELIM,
        ...lines.map((text) => `${text}\n`),
        FLUSH,
      ];
      const { ours, gits } = await twins.post('git-upload-pack', 2, pkts);
      const fatal = /^(?:fatal|error): (.*)$/m.exec(gits.log)?.[1];
      const told = linesOf(gits.body).filter((text) => text.startsWith('ERR '));
      const error = told[0] ?? (fatal && `ERR ${fatal}`);
      // Git goes on behind an error, where nobody listens.
      const expected = error === undefined ? linesOf(gits.body) : [error];
      if (JSON.stringify(linesOf(ours.body)) !== JSON.stringify(expected)) {
        differences.push({ lines, ours: linesOf(ours.body), gits: expected, log: gits.log });
      }
    }
    expect(differences).toEqual([]);
  });
});
