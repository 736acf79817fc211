/** Values that the first process makes and all of a forge share. */
import type { Sql } from './client.ts';

/** @param make called when there is none yet; of several processes that make one at once, one's is kept, and all get it */
export async function readOrMakeSetting(sql: Sql, key: string, make: () => string): Promise<string> {
  const existing = await readSetting(sql, key);
  if (existing !== undefined) return existing;
  await sql`insert into setting (key, value) values (${key}, ${make()}) on conflict (key) do nothing`;
  const stored = await readSetting(sql, key);
  if (stored === undefined) throw new Error(`read setting "${key}": it is gone`);
  return stored;
}

async function readSetting(sql: Sql, key: string): Promise<string | undefined> {
  const [row] = await sql<{ value: string }[]>`select value from setting where key = ${key}`;
  return row?.value;
}
