/** A fresh, migrated database on the run's Postgres for one test file. */
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { migrate } from '#db/migrator.ts';

const TEMPLATE = 'opencodehub_template';

/** For `describe.skipIf(!hasDatabase)`. */
export const hasDatabase = inject('databaseUrl') !== undefined;

/**
 * Makes a database as the migrations leave it. The first call of a run migrates a template, the others copy it, which takes
 * some 30 ms. The whole server is thrown away at the end of the run; `drop` is for suites that make many.
 */
export async function createTestDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const adminUrl = inject('databaseUrl');
  if (adminUrl === undefined)
    throw new Error('no Postgres in this run: guard the suite with describe.skipIf(!hasDatabase)');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(adminUrl, async (sql) => {
    // Copying a template needs it free of connections, and files run in parallel.
    await sql`select pg_advisory_lock(715517)`;
    const [existing] = await sql`select 1 from pg_database where datname = ${TEMPLATE}`;
    if (existing === undefined) {
      await sql.unsafe(`create database ${TEMPLATE}_partial`);
      await migrate(databaseUrl(adminUrl, `${TEMPLATE}_partial`));
      await sql.unsafe(`alter database ${TEMPLATE}_partial rename to ${TEMPLATE}`);
    }
    await sql.unsafe(`create database ${name} template ${TEMPLATE} strategy file_copy`);
    await sql`select pg_advisory_unlock(715517)`;
  });
  const drop = () => withClient(adminUrl, async (sql) => void (await sql.unsafe(`drop database ${name} with (force)`)));
  return { url: databaseUrl(adminUrl, name), drop };
}

function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function withClient(url: string, run: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await run(sql);
  } finally {
    await sql.end();
  }
}
