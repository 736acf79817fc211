/** Archives of generated trees: what our server answers, beside what `git upload-archive` does. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { GIT_READS_ATTRIBUTES_BEFORE_PATHS } from '../support/git-version.ts';
import { request } from '../support/raw-http.ts';
import { type ArchiveQuestion, archiveQuestion, generateArchivedRepository } from './archive-question.ts';
import { QUESTIONS, SEEDS } from './seeds.ts';
import { Twins } from './twins.ts';

interface Bands {
  readonly data: Buffer;
  readonly progress: string;
  readonly error: string;
}

describe.skipIf(!hasDatabase)('archives, beside git upload-archive', () => {
  let forge: GitForge;

  beforeAll(async () => {
    forge = await GitForge.start();
  });

  afterAll(() => forge?.close());

  it.for(SEEDS)('of seed %i', { timeout: 600_000 }, async (seed) => {
    const twins = await Twins.create(forge, `archive-${seed}`, generateArchivedRepository(seed));
    const questions = fc.sample(archiveQuestion(GIT_READS_ATTRIBUTES_BEFORE_PATHS), { seed, numRuns: 2 * QUESTIONS });
    const differences: unknown[] = [];
    for (const question of questions) {
      const body = Buffer.concat([
        ...question.args.map((arg) => encodePktLine(`argument ${arg}\n`)),
        encodePktLine(FLUSH),
      ]);
      const ours = await askUs(twins, body);
      const difference = compare(question, ours, askGit(twins, body));
      if (difference) differences.push({ args: question.args.join(' '), ...difference });
    }
    expect(differences).toEqual([]);
  });

  async function askUs(twins: Twins, body: Buffer): Promise<Bands> {
    const headers = { 'content-type': 'application/x-git-upload-archive-request' };
    const target = `/ada/${twins.name}.git/git-upload-archive`;
    return splitBands((await request(forge.port, 'POST', target, { headers, body })).body);
  }

  function askGit(twins: Twins, body: Buffer): Bands {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C', TZ: 'UTC' };
    return splitBands(spawnSync('git', ['upload-archive', twins.bareFolder], { input: body, env }).stdout);
  }
});

/** Git says what is wrong in a `.gitattributes` as often as it reads it; ours leaves it out. */
const ATTRIBUTE_WARNING =
  /^warning: Negative patterns|^Use '\\!' for literal|not allowed: .*\.gitattributes:|not a valid attribute name: /;

/** @returns what differs, as lines of each */
function compare({ format }: ArchiveQuestion, ours: Bands, gits: Bands): Record<string, unknown> | undefined {
  const [our, git] = [summary(format, ours), summary(format, gits)];
  const [onlyOurs, onlyGits] = [our.filter((line) => !git.includes(line)), git.filter((line) => !our.includes(line))];
  return our.join('\n') === git.join('\n') ? undefined : { ours: onlyOurs, gits: onlyGits };
}

function summary(format: ArchiveQuestion['format'], { data, progress, error }: Bands): string[] {
  // Where its repository lies is nobody's business.
  const text = progress.replace(/ is outside repository at '.*'$/m, ' is outside repository');
  const lines = text.split('\n').filter((line) => !ATTRIBUTE_WARNING.test(line));
  const told = [...lines.map((line) => `2 ${line}`), `3 ${error}`];
  if (data.length === 0 || error !== '') return told;
  const bytes = format === 'tgz' ? gunzipSync(data) : Buffer.from(data);
  return [...told, ...(format === 'zip' ? [shorten(bytes)] : tarEntries(bytes))];
}

function shorten(bytes: Buffer): string {
  const text = bytes.toString('latin1').replace(/\0+/g, '~');
  return text.length <= 300 ? text : `${text.slice(0, 300)}… ${createHash('sha1').update(bytes).digest('hex')}`;
}

/** Every byte of an archive. A tree that no commit was named for has the time of the request, which is left out. */
function tarEntries(bytes: Buffer): string[] {
  const entries: string[] = [];
  const namesCommit = bytes.toString('latin1', 0, 17) === 'pax_global_header';
  for (let at = 0; at < bytes.length; ) {
    const header = bytes.subarray(at, at + 512);
    const size = Number.parseInt(header.toString('latin1', 124, 135), 8) || 0;
    if (!namesCommit) header.fill(0, 136, 156);
    const end = at + 512 + Math.ceil(size / 512) * 512;
    entries.push(shorten(bytes.subarray(at, end)));
    at = end;
  }
  return entries;
}

function splitBands(answer: Buffer): Bands {
  const texts: Record<number, Buffer[]> = { 1: [], 2: [], 3: [] };
  const pkts = [...splitPktLines(answer)];
  for (const pkt of pkts.slice(pkts.findIndex(({ kind }) => kind === 'flush') + 1)) {
    if (pkt.kind === 'data') texts[pkt.payload[0] ?? 0]?.push(Buffer.from(pkt.payload.subarray(1)));
  }
  const [data, progress, error] = [1, 2, 3].map((band) => Buffer.concat(texts[band] ?? []));
  return { data: data as Buffer, progress: String(progress), error: String(error) };
}
