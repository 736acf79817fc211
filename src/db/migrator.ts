/**
 * Brings a database to the schema that this program was built with, by the SQL files of `migrations/`, which drizzle-kit
 * writes and which are committed. Runs at every start; processes that start together take turns on an advisory lock, and all
 * but the first find nothing to do.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import postgres from 'postgres';

/** Any number that nothing else in this database locks. */
const MIGRATION_LOCK = 7_155_170;
const STATEMENT_BREAK = '--> statement-breakpoint';

/** The database cannot be brought to this program's schema. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly code = 'MIGRATION';
}

interface Migration {
  /** File name without `.sql`; drizzle-kit numbers them. */
  readonly tag: string;
  readonly statements: readonly string[];
  /** SHA-256 of the file, in hex. */
  readonly sha256: string;
}

/**
 * Applies what is missing, each migration in a transaction of its own.
 *
 * @returns the tags applied now
 * @throws {MigrationError} when the database was migrated by a newer program, or by another text of the same migration
 */
export async function migrate(databaseUrl: string, migrationsDirectory = findMigrationsDirectory()): Promise<string[]> {
  const migrations = await readMigrations(migrationsDirectory);
  // One connection: the lock belongs to it, and ends with it however this process ends.
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`;
    const pending = findPending(migrations, await readApplied(sql));
    for (const migration of pending) await apply(sql, migration);
    return pending.map((migration) => migration.tag);
  } finally {
    await sql.end();
  }
}

/** The folder `migrations/` beside or above this file: beside `src` in a checkout, beside `dist` once bundled. */
function findMigrationsDirectory(): string {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'migrations');
    if (existsSync(path.join(candidate, 'meta', '_journal.json'))) return candidate;
    if (folder === path.dirname(folder)) {
      throw new MigrationError(`find the folder "migrations" above ${import.meta.dirname}: there is none`);
    }
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const journal: { entries: { tag: string }[] } = JSON.parse(
    await readFile(path.join(directory, 'meta', '_journal.json'), 'utf8'),
  );
  return Promise.all(
    journal.entries.map(async ({ tag }) => {
      const text = await readFile(path.join(directory, `${tag}.sql`), 'utf8');
      const sha256 = createHash('sha256').update(text).digest('hex');
      return { tag, sha256, statements: text.split(STATEMENT_BREAK) };
    }),
  );
}

async function readApplied(sql: postgres.Sql): Promise<Map<string, string>> {
  await sql`
    create table if not exists schema_migration (
      tag text primary key, sha256 text not null, applied_at timestamptz not null default now()
    )`;
  const rows = await sql<{ tag: string; sha256: string }[]>`select tag, sha256 from schema_migration`;
  return new Map(rows.map((row) => [row.tag, row.sha256]));
}

function findPending(migrations: readonly Migration[], applied: ReadonlyMap<string, string>): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.tag, migration]));
  for (const [tag, sha256] of applied) {
    const migration = known.get(tag);
    if (migration === undefined) {
      throw new MigrationError(
        `The database has migration "${tag}", which this version does not know: run the newer one.`,
      );
    }
    if (migration.sha256 !== sha256) {
      throw new MigrationError(
        `Migration "${tag}" was applied with another text than this version's: restore the file.`,
      );
    }
  }
  return migrations.filter((migration) => !applied.has(migration.tag));
}

async function apply(sql: postgres.Sql, migration: Migration): Promise<void> {
  await sql.begin(async (tx) => {
    for (const statement of migration.statements) await tx.unsafe(statement);
    await tx`insert into schema_migration (tag, sha256) values (${migration.tag}, ${migration.sha256})`;
  });
}
