/** What the documents point at is there. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = globSync(['README.md', 'docs/**/*.md', 'src/**/*.md', 'bench/*.md'], { cwd: ROOT });

test.each(DOCUMENTS)('%s links to what exists', (document) => {
  const links = [...read(document).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].flatMap(([, link]) => link ?? []);
  const broken = links.filter((link) => !existsSync(path.join(ROOT, path.dirname(document), link)));
  expect(broken).toEqual([]);
});

test('the architecture names files that exist', () => {
  const sources = globSync('src/**/*.ts', { cwd: ROOT }).map((file) => `/${file}`);
  const tests = globSync('tests/**/*.ts', { cwd: ROOT }).map((file) => `/${file}`);
  const named = [...read('docs/ARCHITECTURE.md').matchAll(/`([\w/.-]+\.ts)`/g)].flatMap(([, file]) => file ?? []);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((file) => ![...sources, ...tests].some((name) => name.endsWith(`/${file}`)))).toEqual([]);
});

test('decisions that the code names exist', () => {
  const decisions = globSync('docs/decisions/*.md', { cwd: ROOT }).map((file) => path.basename(file));
  const named = globSync('{src,tests}/**/*.ts', { cwd: ROOT }).flatMap((file) =>
    [...read(file).matchAll(/docs\/decisions\/(\d{3})/g)].map(([, number]) => `${number} in ${file}`),
  );
  expect(named.filter((name) => !decisions.some((decision) => decision.startsWith(name.slice(0, 3))))).toEqual([]);
});

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}
