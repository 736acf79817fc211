/** The migrator against a real Postgres, and the tables that it leaves against the schema that drizzle knows. */
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { MigrationError, migrate } from '#db/migrator.ts';
import * as accountTables from '#db/schema/account.ts';
import * as bundleTables from '#db/schema/bundle.ts';
import * as lfsTables from '#db/schema/lfs.ts';
import * as packTables from '#db/schema/pack.ts';
import * as repositoryTables from '#db/schema/repository.ts';
import * as sessionTables from '#db/schema/session.ts';
import * as sshKeyTables from '#db/schema/ssh-key.ts';
import * as workTables from '#db/schema/work.ts';
import { hasDatabase } from '../support/database.ts';

const MIGRATIONS = path.join(import.meta.dirname, '../../migrations');

describe.skipIf(!hasDatabase)('migrations', () => {
  let admin: postgres.Sql;

  beforeAll(() => {
    admin = postgres(inject('databaseUrl') ?? '', { max: 1, onnotice: () => undefined });
  });

  afterAll(() => admin.end());

  /** Not `createTestDatabase`: that one is migrated already. */
  async function createEmptyDatabase(): Promise<string> {
    const name = `migration_${randomBytes(6).toString('hex')}`;
    await admin.unsafe(`create database ${name}`);
    const url = new URL(inject('databaseUrl') ?? '');
    url.pathname = `/${name}`;
    return url.href;
  }

  test('ten processes that start together apply each migration once', async () => {
    const url = await createEmptyDatabase();
    const applied = await Promise.all(Array.from({ length: 10 }, () => migrate(url)));
    const journal = JSON.parse(await readFile(path.join(MIGRATIONS, 'meta/_journal.json'), 'utf8'));
    expect(applied.flat()).toEqual(journal.entries.map((entry: { tag: string }) => entry.tag));
    expect(applied.filter((tags) => tags.length > 0)).toHaveLength(1);
  });

  test('the tables have the columns that the schema declares, of the types that it declares', async () => {
    const url = await createEmptyDatabase();
    await migrate(url);
    const sql = postgres(url, { max: 1 });
    const actual = await sql`
      select c.relname || '.' || a.attname as column, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull,
             case when a.attcollation <> t.typcollation then o.collname end as collation
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type t on t.oid = a.atttypid
      left join pg_collation o on o.oid = a.attcollation
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attnum > 0
        and c.relname <> 'schema_migration'`;
    await sql.end();
    const described = actual.map((row) => [row['column'], row['type'], row['attnotnull'], row['collation']].join(' '));
    expect(described.sort()).toEqual(declaredColumns().sort());
  });

  test('a migration that fails leaves nothing of itself, and is tried again', async () => {
    const url = await createEmptyDatabase();
    const directory = await copyMigrations();
    const statements = ['create table half_done (id int);', 'select no_such_function();'];
    await addMigration(directory, '9000_broken', statements.join('\n--> statement-breakpoint\n'));
    await expect(migrate(url, directory)).rejects.toThrow('no_such_function');
    await writeFile(path.join(directory, '9000_broken.sql'), 'create table half_done (id int);');
    expect(await migrate(url, directory)).toEqual(['9000_broken']);
    await rm(directory, { recursive: true });
  });

  test('a database of a newer version is refused', async () => {
    const url = await createEmptyDatabase();
    const directory = await copyMigrations();
    await addMigration(directory, '9000_future', 'create table future (id int);');
    await migrate(url, directory);
    await expect(migrate(url)).rejects.toThrow(MigrationError);
    await expect(migrate(url)).rejects.toThrow('9000_future');
    await rm(directory, { recursive: true });
  });

  test('a migration whose text changed after it was applied is refused', async () => {
    const url = await createEmptyDatabase();
    await migrate(url);
    const directory = await copyMigrations();
    await writeFile(path.join(directory, '0000_initial.sql'), 'select 1;');
    await expect(migrate(url, directory)).rejects.toThrow('"0000_initial" was applied with another text');
    await rm(directory, { recursive: true });
  });
});

function declaredColumns(): string[] {
  const modules = [
    accountTables,
    bundleTables,
    lfsTables,
    packTables,
    sshKeyTables,
    repositoryTables,
    sessionTables,
    workTables,
  ];
  const tables = modules.flatMap((tablesOf) => Object.values(tablesOf)).filter((table) => is(table, PgTable));
  return tables.flatMap((table) =>
    Object.values(getTableColumns(table)).map((column) => {
      const [, type = '', collation = ''] = /^(.*?)(?: COLLATE "(.*)")?$/.exec(column.getSQLType()) ?? [];
      const name = column.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return [`${getTableName(table)}.${name}`, SERIALS[type] ?? type, column.notNull, collation].join(' ');
    }),
  );
}

/** What Postgres calls the columns that these words make. */
const SERIALS: Readonly<Record<string, string>> = { bigserial: 'bigint', serial: 'integer' };

async function copyMigrations(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'migrations-'));
  await cp(MIGRATIONS, directory, { recursive: true });
  return directory;
}

async function addMigration(directory: string, tag: string, text: string): Promise<void> {
  const journalPath = path.join(directory, 'meta/_journal.json');
  const journal = JSON.parse(await readFile(journalPath, 'utf8'));
  journal.entries.push({ tag });
  await writeFile(journalPath, JSON.stringify(journal));
  await writeFile(path.join(directory, `${tag}.sql`), text);
}
