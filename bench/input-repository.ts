/** The repository that is pushed and cloned: the one of BENCH_REPOSITORY, or one that is generated, the same on every machine. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { git, run } from './git-client.ts';

export interface InputRepository {
  readonly folder: string;
  /** Says which one it is, in the report. */
  readonly description: string;
}

const SEED = 1;
const COMMITS = 12_000;
const FILES = 600;
const LINES_PER_FILE = 120;

/** @param scratchFolder for the generated repository */
export async function openInput(scratchFolder: string, given: string | undefined): Promise<InputRepository> {
  if (given !== undefined && !existsSync(given))
    throw new Error(`BENCH_REPOSITORY is "${given}", where there is nothing`);
  const folder = given ?? (await generate(path.join(scratchFolder, 'input.git')));
  const name = given ?? `generated, seed ${SEED}`;
  return { folder, description: `${name} (${await describe(folder)})` };
}

async function describe(folder: string): Promise<string> {
  const counts = new Map(
    (await git(folder, 'count-objects', '-v')).split('\n').map((line) => line.split(': ') as [string, string]),
  );
  const refs = (await git(folder, 'for-each-ref', 'refs/heads', 'refs/tags')).split('\n').length;
  const objects = Number(counts.get('in-pack')) + Number(counts.get('count'));
  const mebibytes = (Number(counts.get('size-pack')) + Number(counts.get('size'))) / 1_024;
  return `${objects} objects, ${mebibytes.toFixed(1)} MiB, ${refs} refs`;
}

async function generate(folder: string): Promise<string> {
  await run('git', ['init', '-q', '--bare', '-b', 'main', folder]);
  await run('git', ['fast-import', '--quiet'], { cwd: folder, input: history() });
  await git(folder, 'repack', '-adfq', '--depth=50', '--window=10');
  return folder;
}

/** A stream for git-fast-import(1): folders of text, of which each commit changes a few lines in a few files. */
async function* history(): AsyncIterable<string> {
  const random = randomNumbers(SEED);
  const files = Array.from({ length: FILES }, () => Array.from({ length: LINES_PER_FILE }, () => line(random)));
  for (let commit = 0; commit < COMMITS; commit++) {
    const message = `Change ${commit}\n`;
    const changed = commit === 0 ? files.keys() : [0, 1, 2].map(() => random(FILES));
    yield `commit refs/heads/main\nmark :${commit + 1}\ncommitter Ada <ada@example.com> ${1_600_000_000 + commit * 600} +0000\n`;
    yield `data ${message.length}\n${message}`;
    for (const file of changed) {
      const lines = files[file] as string[];
      for (let edit = 0; edit < 4; edit++) lines[random(lines.length)] = line(random);
      const text = lines.join('');
      yield `M 100644 inline part${file % 12}/section${file % 5}/file${file}.txt\ndata ${text.length}\n${text}\n`;
    }
    if (commit % 100 === 0) yield `reset refs/tags/v${commit / 100}\nfrom :${commit + 1}\n\n`;
  }
  yield 'done\n';
}

function line(random: (below: number) => number): string {
  return `${Array.from({ length: 6 }, () => random(2 ** 31).toString(36)).join(' ')}\n`;
}

/** Numbers that are the same in every run: mulberry32. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
