/** Pushes one after another into both twins: the same reports, and the same refs after each. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { describePkts } from './fetch-comparison.ts';
import { generateRepository } from './generated-repository.ts';
import { realisePush, samplePushes } from './push-question.ts';
import { EVERYTHING, QUESTIONS, SEEDS } from './seeds.ts';
import { type Answer, heedsSettings, Twins } from './twins.ts';

/** Whether the git at hand does the commands of a push one after another: since 2.50 one that names a ref again ends all. */
const mayRepeat = !/ (?:2\.[5-9]\d|[3-9]\.)/.test(execFileSync('git', ['--version'], { encoding: 'utf8' }));

describe.skipIf(!hasDatabase)('pushes, beside git http-backend', () => {
  let forge: GitForge;

  beforeAll(async () => {
    forge = await GitForge.start();
  });

  afterAll(() => forge?.close());

  it.for(SEEDS)('into the repository of seed %i', { timeout: 600_000 }, async (seed, { skip }) => {
    const repository = generateRepository(seed);
    const { model } = repository;
    const twins = await Twins.create(forge, `push-${seed}`, repository);
    skip(!EVERYTHING && !(await heedsSettings(twins, 'git-receive-pack')), 'settings are not heeded');
    const differences: string[] = [];
    for (const plan of samplePushes(seed, QUESTIONS)) {
      const before = await twins.refs();
      const refs = new Map(before.gits.map((line) => [line.slice(line.indexOf(' ') + 1), line.split(' ')[0] ?? '']));
      // What a client can know of: ours does not let a push stand on what hidden refs alone lead to.
      const visible = [...refs].filter(([name]) => !name.startsWith('refs/hidden/')).map(([, id]) => id);
      const question = realisePush(plan, refs, model.closure(visible), model, mayRepeat);
      const { ours, gits } = await twins.post('git-receive-pack', 0, question.pkts, question.pack);
      const report = reportOf(gits, question.sideBand);
      const isHalfDone =
        question.isAtomic && report.some((line) => /^ok /.test(line)) && report.some((line) => /^ng /.test(line));
      if (isHalfDone) twins.restoreRefs(before.gits);
      const after = await twins.refs();
      // Our HEAD goes over to the first branch where the one that it names is not there.
      await forge.engine.setHead(twins.record.id, repository.headTarget);
      const found = [
        ...compare('status', ours.status, gits.status),
        ...compare('headers', ours.headers, gits.headers),
        ...compare('report', reportOf(ours, question.sideBand), isHalfDone ? report.map(refused) : report),
        ...compare('refs', changes(before.ours, after.ours), changes(before.gits, after.gits)),
      ];
      if (found.length > 0) differences.push(`${describePkts(question.pkts)} (${plan.pack})\n  ${found.join('\n  ')}`);
      if (JSON.stringify(after.ours) !== JSON.stringify(after.gits)) break;
    }
    expect(differences.join('\n')).toBe('');
  });
});

/** In git an atomic push goes on without commands that were refused before its transaction, such as those of hidden refs; ours is all or nothing. */
function refused(line: string): string {
  return line.replace(/^ok (.*)$/, 'ng $1 failed to update ref');
}

function compare(what: string, ours: unknown, gits: unknown): string[] {
  const [ourText, gitText] = [JSON.stringify(ours), JSON.stringify(gits)];
  return ourText === gitText ? [] : [`${what}\n    ours ${ourText}\n    git  ${gitText}`];
}

function changes(before: readonly string[], after: readonly string[]): string[] {
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ];
}

/** Which of them it says depends on the version of git: before 2.50 most were one sentence. */
const SPECIFIC_REASON =
  /^(ng \S+) (?:reference already exists|reference does not exist|incorrect old value provided|invalid new value provided|refname conflict|atomic transaction failed|atomic push failure)$/;

/** The lines of the report; how the unpacking failed is told by each in its own words. */
function reportOf({ body, log }: Answer, sideBand: boolean): string[] {
  const lines: string[] = [];
  const report = sideBand ? bandOne(body) : body;
  for (const pkt of splitPktLines(report)) {
    const line = pkt.kind === 'data' ? lineText(pkt.payload) : `<${pkt.kind}>`;
    lines.push(line.replace(/^unpack (?!ok$).*/, 'unpack …').replace(SPECIFIC_REASON, '$1 failed to update ref'));
  }
  const fatal = /^fatal: (.*)$/m.exec(log)?.[1];
  return lines.length === 0 && fatal !== undefined ? [`ERR ${fatal}`] : lines;
}

function bandOne(body: Buffer): Buffer {
  const parts: Uint8Array[] = [];
  for (const pkt of splitPktLines(body)) {
    if (pkt.kind === 'data' && pkt.payload[0] === 1) parts.push(Buffer.from(pkt.payload.subarray(1)));
    if (pkt.kind === 'data' && (pkt.payload[0] ?? 0) > 3) return body;
  }
  return Buffer.concat(parts);
}
