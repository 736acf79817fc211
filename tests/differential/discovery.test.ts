/** What is told before anything is fetched: advertisements and `ls-refs`, from generated repositories, beside `git http-backend`. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, FLUSH } from '#git/pkt-line/encode.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { generateRepository } from './generated-repository.ts';
import { EVERYTHING, QUESTIONS, SEEDS } from './seeds.ts';
import { capabilitiesOf, heedsSettings, linesOf, type Service, Twins } from './twins.ts';

const PREFIXES = ['', 'HEAD', 'H', 'refs/', 'refs/heads/', 'refs/heads/m', 'refs/tags/v1', 'refs/tags', 'refs/hidden/'];
const LINES = [...PREFIXES.map((prefix) => `ref-prefix ${prefix}`), 'refs/none', 'peel', 'symrefs', 'unborn', 'peel'];

describe.skipIf(!hasDatabase)('discovery, beside git http-backend', () => {
  let forge: GitForge;

  beforeAll(async () => {
    forge = await GitForge.start();
  });

  afterAll(() => forge?.close());

  describe.each(SEEDS)('of the repository of seed %i', (seed) => {
    let twins: Twins;
    const repository = generateRepository(seed);

    beforeAll(async () => {
      twins = await Twins.create(forge, `discovery-${seed}`, repository);
    });

    it.for<[Service, 0 | 1 | 2]>([
      ['git-upload-pack', 0],
      ['git-upload-pack', 1],
      ['git-receive-pack', 0],
      ['git-receive-pack', 1],
      ['git-receive-pack', 2],
    ])('%s in version %i', async ([service, version], { skip }) => {
      skip(!EVERYTHING && !(await heedsSettings(twins, service)), 'settings are not heeded');
      const { ours, gits } = await twins.advertisement(service, version);
      // Before 2.41, git told nothing of what it can do where there is no ref to see.
      if (!gits.body.includes(0)) return;
      expect([ours.status, ours.headers]).toEqual([gits.status, gits.headers]);
      const withoutCapabilities = (body: Buffer) => linesOf(body).map((line) => line.replace(/\0.*/, ''));
      expect(withoutCapabilities(ours.body)).toEqual(withoutCapabilities(gits.body));
      const comparable = (names: string[]) => names.map((name) => name.replace(/^(agent|session-id)=.*/, '$1'));
      expect(new Set(comparable(capabilitiesOf(ours)))).toEqual(new Set(comparable(capabilitiesOf(gits))));
    });

    it('lists refs', { timeout: 120_000 }, async ({ skip }) => {
      skip(!EVERYTHING && !(await heedsSettings(twins, 'git-upload-pack')), 'settings are not heeded');
      const questions = fc.sample(fc.array(fc.constantFrom(...LINES), { maxLength: 6 }), { seed, numRuns: QUESTIONS });
      const differences: unknown[] = [];
      for (const lines of questions) {
        const head = ['command=ls-refs\n', `object-format=${repository.model.format}`];
        const pkts = lines.length > 0 ? [DELIM, ...lines.map((line) => `${line}\n`)] : [];
        const { ours, gits } = await twins.post('git-upload-pack', 2, [...head, ...pkts, FLUSH]);
        const fatal = /^fatal: (.*)$/m.exec(gits.log)?.[1];
        const expected = fatal === undefined ? linesOf(gits.body) : [`ERR ${fatal}`];
        if (JSON.stringify(linesOf(ours.body)) !== JSON.stringify(expected)) {
          differences.push({ lines, ours: linesOf(ours.body), gits: expected });
        }
      }
      expect(differences).toEqual([]);
    });
  });
});
