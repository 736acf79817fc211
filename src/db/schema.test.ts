import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { expect, test } from 'vitest';

const MIGRATIONS = path.join(import.meta.dirname, '../../migrations');
const SCHEMA = path.join(import.meta.dirname, 'schema');

test('the committed migrations lead to the schema: drizzle-kit would write nothing', async () => {
  const snapshots = readdirSync(path.join(MIGRATIONS, 'meta')).filter((file) => file.endsWith('_snapshot.json'));
  const latest = JSON.parse(readFileSync(path.join(MIGRATIONS, 'meta', snapshots.sort().at(-1) ?? ''), 'utf8'));
  const modules = await Promise.all(readdirSync(SCHEMA).map((file) => import(path.join(SCHEMA, file))));
  const current = generateDrizzleJson(Object.assign({}, ...modules), latest.id, undefined, 'snake_case');
  expect(await generateMigration(latest, current)).toEqual([]);
});

test('every file of migrations/ is in the journal, in order', () => {
  const journal: { entries: { tag: string }[] } = JSON.parse(
    readFileSync(path.join(MIGRATIONS, 'meta', '_journal.json'), 'utf8'),
  );
  const files = readdirSync(MIGRATIONS)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .sort();
  expect(journal.entries.map((entry) => entry.tag)).toEqual(files);
});
