/** Fetches of every kind from generated repositories: our answers beside those of `git http-backend`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { compareFetch, describePkts } from './fetch-comparison.ts';
import { generateFetchQuestions } from './fetch-question.ts';
import { generateRepository, visibleIds } from './generated-repository.ts';
import { EVERYTHING, QUESTIONS, SEEDS } from './seeds.ts';
import { offeredBy, Twins } from './twins.ts';

describe.skipIf(!hasDatabase)('fetches, beside git http-backend', () => {
  let forge: GitForge;

  beforeAll(async () => {
    forge = await GitForge.start();
  });

  afterAll(() => forge?.close());

  it.for(SEEDS)('from the repository of seed %i', { timeout: 600_000 }, async (seed, { skip }) => {
    const repository = generateRepository(seed);
    const twins = await Twins.create(forge, `fetch-${seed}`, repository);
    const offered = await offeredBy(twins);
    skip(!EVERYTHING && !offered.v2.has('filter'), 'version 2 is not complete');
    const visible = visibleIds(repository);
    const differences: string[] = [];
    for (const question of generateFetchQuestions(seed, QUESTIONS, repository, offered)) {
      const answers = await twins.post('git-upload-pack', question.version, question.pkts);
      const found = compareFetch(question, answers, repository.model, visible);
      if (found.length > 0) {
        differences.push(`v${question.version} ${describePkts(question.pkts)}\n  ${found.join('\n  ')}`);
      }
    }
    expect(differences.join('\n')).toBe('');
  });
});
