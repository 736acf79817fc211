/**
 * The first user of a forge, who administers it. Either the settings name one, who is then made at start without a dialogue;
 * or `/setup` makes one for whoever knows the one-time code that the start prints. Many processes may start at once, and
 * many browsers may send the form: one administrator comes of it.
 */
import { randomInt, timingSafeEqual } from 'node:crypto';
import { isPossibleAccessToken } from '#auth/access-token.ts';
import { insertAccessToken } from '#auth/access-token-store.ts';
import { SCOPES } from '#auth/scope.ts';
import type { Database, SqlRunner, TransactionSql } from '#db/client.ts';
import {
  type CheckedUser,
  type CreatedUser,
  type CreateUserOutcome,
  findUserFault,
  hashUser,
  insertUser,
  type NewUser,
  reportTaken,
} from './create-user.ts';
import { type InvalidField, invalid } from './invalid-field.ts';

/** From ADMIN_USERNAME, ADMIN_PASSWORD and ADMIN_TOKEN. Has a password, a token or both. */
export interface AdministratorSettings {
  readonly username: string;
  readonly password: string | undefined;
  readonly token: string | undefined;
}

export type SetupState =
  /** There are users: nothing to do, and the settings do not count. */
  | { readonly kind: 'complete' }
  /** The settings' administrator was made now, by this process. */
  | { readonly kind: 'created'; readonly user: CreatedUser }
  /** `/setup` waits for this code. */
  | { readonly kind: 'waiting'; readonly code: string }
  /** The settings name an administrator who cannot be. */
  | InvalidField;

export interface SetupRequest {
  readonly code: string;
  readonly login: string;
  readonly email: string;
  readonly password: string;
}

export type CompleteSetupOutcome = { readonly kind: 'complete' } | { readonly kind: 'wrong-code' } | CreateUserOutcome;

/** Any number that nothing else in this database locks. */
const SETUP_LOCK = 7_155_171;
const CODE_SETTING = 'setup-code';
/** Without the digits and letters that are easily taken for each other. */
const CODE_ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
/** 31^20: 99 bits, so nobody needs to count wrong codes. */
const CODE_CHARACTERS = 20;

/** Called at every start, before the server listens. */
export async function prepareSetup(
  database: Database,
  settings: AdministratorSettings | undefined,
): Promise<SetupState> {
  if (await isSetupComplete(database)) return { kind: 'complete' };
  if (settings !== undefined) return createFromSettings(database, settings);
  return inSetup(database, async (tx) => ({ kind: 'waiting', code: await readOrMakeCode(tx) }));
}

/** Whether there is any user. */
export async function isSetupComplete(database: Database): Promise<boolean> {
  return hasUsers(database.sql);
}

/** What the form at `/setup` does. */
export async function completeSetup(database: Database, request: SetupRequest): Promise<CompleteSetupOutcome> {
  const { code, ...chosen } = request;
  if (await isSetupComplete(database)) return { kind: 'complete' };
  // Before anything is said about the texts, and before the work of hashing.
  if (!(await isCode(database.sql, code))) {
    // A code that somebody else used up a moment ago is gone, not wrong.
    return (await isSetupComplete(database)) ? { kind: 'complete' } : { kind: 'wrong-code' };
  }
  const user: NewUser = { ...chosen, siteAdmin: true };
  const fault = findUserFault(user);
  if (fault !== undefined) return fault;
  const checked = await hashUser(user);
  return reportTaken(() =>
    inSetup(database, async (tx) => ({ kind: 'created' as const, user: await insertAdministrator(tx, checked) })),
  );
}

async function createFromSettings(database: Database, settings: AdministratorSettings): Promise<SetupState> {
  const { username, password, token } = settings;
  const user: NewUser = { login: username, password, siteAdmin: true };
  const fault = findUserFault(user);
  if (fault !== undefined) return fault;
  if (token !== undefined && !isPossibleAccessToken(token)) {
    return invalid('token', 'The token is too short or too long, or has the form of a generated one but is mistyped.');
  }
  const checked = await hashUser(user);
  return inSetup(database, async (tx) => {
    const created = await insertAdministrator(tx, checked);
    if (token !== undefined) await insertSettingsToken(tx, created.userId, token);
    return { kind: 'created', user: created };
  });
}

async function insertSettingsToken(tx: TransactionSql, userId: number, token: string): Promise<void> {
  await insertAccessToken(tx, { userId, note: 'ADMIN_TOKEN', scopes: SCOPES }, token);
}

/** Runs `work` while nobody else sets up, and only if there still is no user. */
function inSetup<T>(
  database: Database,
  work: (tx: TransactionSql) => Promise<T>,
): Promise<T | { readonly kind: 'complete' }> {
  return database.transaction(async (tx) => {
    await tx`select pg_advisory_xact_lock(${SETUP_LOCK})`;
    return (await hasUsers(tx)) ? { kind: 'complete' } : work(tx);
  });
}

/** The code has served its purpose. */
async function insertAdministrator(tx: TransactionSql, user: CheckedUser): Promise<CreatedUser> {
  await tx`delete from setting where key = ${CODE_SETTING}`;
  return insertUser(tx, user);
}

/** The first process makes the code; the others print the same. */
async function readOrMakeCode(tx: TransactionSql): Promise<string> {
  const existing = await readCode(tx);
  if (existing !== undefined) return existing;
  const code = Array.from({ length: CODE_CHARACTERS }, () => CODE_ALPHABET[randomInt(CODE_ALPHABET.length)]).join('');
  await tx`insert into setting (key, value) values (${CODE_SETTING}, ${code})`;
  return code;
}

async function isCode(sql: SqlRunner, presented: string): Promise<boolean> {
  const code = await readCode(sql);
  if (code === undefined) return false;
  const [left, right] = [Buffer.from(code), Buffer.from(presented.trim())];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

async function readCode(sql: SqlRunner): Promise<string | undefined> {
  const [row] = await sql<{ value: string }[]>`select value from setting where key = ${CODE_SETTING}`;
  return row?.value;
}

async function hasUsers(sql: SqlRunner): Promise<boolean> {
  const [row] = await sql`select 1 from user_credential limit 1`;
  return row !== undefined;
}
