/** Fetches of every kind from generated repositories: our answers beside those of `git http-backend`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIM, FLUSH } from '#git/pkt-line/encode.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { takeApart } from './fetch-answer.ts';
import { compareFetch, describePkts } from './fetch-comparison.ts';
import { generateFetchQuestions } from './fetch-question.ts';
import { type GeneratedRepository, generateRepository, visibleIds } from './generated-repository.ts';
import { readPackContent } from './pack-content.ts';
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
    const compared = EVERYTHING || (await appliesFilters(twins, repository)) ? 'packs' : 'lines';
    const differences: string[] = [];
    for (const question of generateFetchQuestions(seed, QUESTIONS, repository, offered)) {
      const answers = await twins.post('git-upload-pack', question.version, question.pkts);
      const found = compareFetch(question, answers, repository.model, visible, compared);
      if (found.length > 0) {
        differences.push(`v${question.version} ${describePkts(question.pkts)}\n  ${found.join('\n  ')}`);
      }
    }
    expect(differences.join('\n')).toBe('');
  });
});

async function appliesFilters(twins: Twins, { model, refs }: GeneratedRepository): Promise<boolean> {
  const [tip] = [...refs.values()].filter((id) => model.get(id).type === 'commit');
  if (tip === undefined) return true;
  const pkts = ['command=fetch', `object-format=${model.format}`, DELIM, `want ${tip}`, 'filter tree:0', 'done', FLUSH];
  const { ours } = await twins.post('git-upload-pack', 2, pkts);
  const { pack } = takeApart(ours.body, 'side-band');
  return pack !== undefined && [...readPackContent(pack, model).ids].every((id) => model.get(id).type === 'commit');
}
