/**
 * The connections to Postgres. Two pools, for drizzle replaces the date and JSON serialisers of the client it is given: on a
 * shared one `sql.json()` would throw and dates would come back as text.
 *
 * Tagged `sql` is for hot paths and for transactions that lock rows; `orm` is for everything that reads better typed.
 */
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { limits } from '#limits.ts';

const POSTGRES_INT8_OID = 20;

/** Tagged queries, each prepared once per connection. `bigint` columns are read as numbers. */
export type Sql = postgres.Sql<{ bigint: number }>;
export type TransactionSql = postgres.TransactionSql<{ bigint: number }>;
/** Either: for functions that run inside a transaction or outside one. */
export type SqlRunner = postgres.ISql<{ bigint: number }>;
export type Orm = PostgresJsDatabase;
export interface Database {
  readonly sql: Sql;
  readonly orm: Orm;
  /** Commits when `work` resolves and rolls back when it rejects. `work` runs once: it is not retried. */
  transaction<T>(work: (tx: TransactionSql) => Promise<T>): Promise<T>;
  /** @throws when the database does not answer */
  check(): Promise<void>;
  /** Waits for running queries, at most `limits.databaseCloseTimeoutMs`. */
  close(): Promise<void>;
}

/** Opens nothing yet: connections are made when they are first needed. */
export function connectDatabase(url: string): Database {
  const sql = connectPool(url, limits.databaseSqlConnectionsMax);
  const ormClient = connectPool(url, limits.databaseOrmConnectionsMax);
  const orm = drizzle(ormClient, { casing: 'snake_case' });
  return {
    sql,
    orm,
    // postgres.js types the result as an unwrapped array of promises, which only matters for callbacks that return one.
    transaction: <T>(work: (tx: TransactionSql) => Promise<T>) => sql.begin(work) as Promise<T>,
    check: async () => void (await sql`select 1`),
    close: async () => {
      const timeout = limits.databaseCloseTimeoutMs / 1000;
      await Promise.all([sql.end({ timeout }), ormClient.end({ timeout })]);
    },
  };
}

function connectPool(url: string, connectionsMax: number): Sql {
  return postgres(url, {
    max: connectionsMax,
    idle_timeout: 60,
    onnotice: () => undefined,
    connection: { application_name: 'opencodehub' },
    types: {
      bigint: { to: POSTGRES_INT8_OID, from: [POSTGRES_INT8_OID], serialize: String, parse: parseSafeInteger },
    },
  });
}

/** Ids, sizes and counters of ours stay far below 2^53; a value beyond it is a fault, not a rounding. */
function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`read bigint ${text}: beyond 2^53 - 1`);
  return value;
}
