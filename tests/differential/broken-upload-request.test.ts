/** Requests that are not quite right: refused in git's words, or answered as git answers them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutgoingPkt } from '#git/pkt-line/encode.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { damageRequests } from './broken-request.ts';
import { compareFetch, describePkts } from './fetch-comparison.ts';
import { type FetchQuestion, generateFetchQuestions } from './fetch-question.ts';
import { generateRepository, visibleIds } from './generated-repository.ts';
import { EVERYTHING, QUESTIONS, SEEDS } from './seeds.ts';
import { offeredBy, Twins } from './twins.ts';

describe.skipIf(!hasDatabase)('broken fetches, beside git http-backend', () => {
  let forge: GitForge;

  beforeAll(async () => {
    forge = await GitForge.start();
  });

  afterAll(() => forge?.close());

  it.for(SEEDS)('of seed %i', { timeout: 600_000 }, async (seed, { skip }) => {
    const repository = generateRepository(seed);
    const twins = await Twins.create(forge, `broken-${seed}`, repository);
    const offered = await offeredBy(twins);
    skip(!EVERYTHING && !offered.v2.has('filter'), 'version 2 is not complete');
    const questions = generateFetchQuestions(seed, QUESTIONS, repository, offered);
    const visible = visibleIds(repository);
    const sound = questions.filter(({ wants }) => wants.every((id) => visible.has(id)));
    const damaged = damageRequests(
      seed,
      sound.map(({ pkts }) => pkts),
    );
    const differences: string[] = [];
    for (const [index, question] of sound.entries()) {
      const pkts = damaged[index] ?? [];
      // Who wants nothing gets nothing; git still ends its list of shallow commits.
      if (question.version !== 2 && !describePkts(pkts).startsWith('want ')) continue;
      const answers = await twins.post('git-upload-pack', question.version, pkts);
      // Git has a bug there: it dies of an assertion.
      if (answers.gits.log.includes('died of signal')) continue;
      // What the damage made of its wants and haves is not known, so the packs are not judged.
      const found = compareFetch(
        { ...question, pkts, framing: framingOf(question.version, pkts) },
        answers,
        repository.model,
        visible,
        'lines',
      );
      if (found.length > 0) differences.push(`v${question.version} ${describePkts(pkts)}\n  ${found.join('\n  ')}`);
    }
    expect(differences.join('\n')).toBe('');
  });
});

/** What the damage left of the request to have the answer in bands. */
function framingOf(version: number, pkts: readonly OutgoingPkt[]): FetchQuestion['framing'] {
  const end = pkts.findIndex((pkt) => typeof pkt === 'object' && 'kind' in pkt && pkt.kind === 'flush');
  const lines = (end < 0 ? pkts : pkts.slice(0, end)).map((pkt) => (typeof pkt === 'string' ? pkt.trimEnd() : ''));
  if (version === 2) return lines.includes('sideband-all') ? 'sideband-all' : 'side-band';
  return lines.some((line) => /^want \S+ .*side-band/.test(line)) ? 'side-band' : 'none';
}
