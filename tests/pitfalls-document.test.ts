/** `docs/pitfalls.md` claims that tests exist; here it is held to it. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const DOCUMENT = read('docs/pitfalls.md');
const SECTIONS = DOCUMENT.split(/^### /m).slice(1);

test('every pitfall has its tests, or a shortcoming', () => {
  expect(SECTIONS.filter((section) => !/^- /m.test(section)).map(titleOf)).toEqual([]);
  const numbers = SECTIONS.flatMap((section) => /^(\d+)\. /.exec(section)?.[1] ?? []).map(Number);
  expect(numbers).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
});

test('every test that it names exists', () => {
  const proofs = listItems().filter((item) => !item.startsWith('Shortcoming: '));
  expect(proofs.filter((proof) => !namesTest(proof))).toEqual([]);
});

test('every shortcoming that it names is told', () => {
  const told = read('docs/shortcomings.md').replaceAll(/\s+/g, ' ');
  const named = listItems().flatMap((item) => /^Shortcoming: "(.+)"$/.exec(item)?.[1] ?? []);
  expect(named.filter((text) => !told.includes(text))).toEqual([]);
});

function listItems(): string[] {
  return [...DOCUMENT.matchAll(/^- (.*)$/gm)].flatMap(([, item]) => item ?? []);
}

/** `file`: "name", where the file has a test or a suite of that name. */
function namesTest(item: string): boolean {
  const [, file, name] = /^`([^`]+)`: "(.+)"$/.exec(item) ?? [];
  if (file === undefined || name === undefined || !existsSync(pathOf(file))) return false;
  const text = read(file);
  return ["'", '"', '`'].some((quote) => new RegExp(`\\(\\s*${quote}${literally(name)}${quote},`).test(text));
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function titleOf(section: string): string {
  return section.split('\n', 1)[0] ?? '';
}

function read(file: string): string {
  return readFileSync(pathOf(file), 'utf8');
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(`../${file}`, import.meta.url));
}
