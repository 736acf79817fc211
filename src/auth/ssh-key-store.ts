/** SSH keys at rest: whose they are, or whose deploy keys. A key is somebody's once: its fingerprint alone says who connects. */
import type { Sql } from '#db/client.ts';
import { isUniqueViolation } from '#db/postgres-error.ts';
import { limits } from '#limits.ts';
import type { UserIdentity } from './identity.ts';
import { parseSshKeyLine, type SshPublicKey } from './ssh-key.ts';

export interface SshKeyRecord {
  readonly id: number;
  readonly title: string;
  /** Algorithm and base64, without a comment. */
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly createdAt: Date;
  /** Exact to a minute. */
  readonly lastUsedAt: Date | undefined;
}

/** A key that belongs to a repository instead of a user. */
export interface DeployKeyRecord extends SshKeyRecord {
  readonly readOnly: boolean;
}

/** What somebody typed. */
export interface NewSshKey {
  /** Empty: the comment of the key, or its fingerprint. */
  readonly title: string;
  readonly line: string;
}

export type AddSshKeyOutcome<Record> =
  | { readonly kind: 'added'; readonly key: Record }
  | { readonly kind: 'too-many' }
  /** A user or a repository, perhaps the same one, has this key. */
  | { readonly kind: 'in-use' }
  /** `reason` is a sentence for people. */
  | { readonly kind: 'invalid'; readonly field: 'title' | 'key'; readonly reason: string };

/** Who has a key. */
export type SshKeyOwner =
  | { readonly kind: 'user'; readonly keyId: number; readonly user: UserIdentity }
  | {
      readonly kind: 'repository';
      readonly keyId: number;
      readonly title: string;
      readonly repositoryId: number;
      readonly readOnly: boolean;
    };

interface KeyRow {
  readonly id: number;
  readonly title: string;
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly readOnly: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

interface OwnerRow {
  readonly keyId: number;
  readonly title: string;
  readonly repositoryId: number | null;
  readonly readOnly: boolean;
  readonly lastUsedAt: Date | null;
  readonly userId: number | null;
  readonly login: string | null;
  readonly siteAdmin: boolean | null;
}

type KeyHolder = { readonly userId: number } | { readonly repositoryId: number };

export class SshKeyStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async addUserKey(userId: number, request: NewSshKey): Promise<AddSshKeyOutcome<SshKeyRecord>> {
    return this.#add({ userId }, request, 'read-write');
  }

  async addDeployKey(
    repositoryId: number,
    request: NewSshKey & { readonly readOnly: boolean },
  ): Promise<AddSshKeyOutcome<DeployKeyRecord>> {
    return this.#add({ repositoryId }, request, request.readOnly ? 'read-only' : 'read-write');
  }

  /** Newest first. */
  async listUserKeys(userId: number): Promise<SshKeyRecord[]> {
    return (await this.#select({ userId })).map(toRecord);
  }

  /** Newest first. */
  async listDeployKeys(repositoryId: number): Promise<DeployKeyRecord[]> {
    return (await this.#select({ repositoryId })).map(toRecord);
  }

  /** @param keyId any number: it comes from an address or a form @returns whether the user had such a key */
  removeUserKey(userId: number, keyId: number): Promise<boolean> {
    return this.#remove({ userId }, keyId);
  }

  /** @returns whether the repository had such a key */
  removeDeployKey(repositoryId: number, keyId: number): Promise<boolean> {
    return this.#remove({ repositoryId }, keyId);
  }

  /** Who has the key with this fingerprint. @returns undefined for unknown ones, and those of suspended users */
  async findOwner(fingerprint: string): Promise<SshKeyOwner | undefined> {
    const row = await this.#findOwnerRow(fingerprint);
    return row && toOwner(row);
  }

  /** The same, for a key whose private half was proven to be there: notes the use. */
  async use(fingerprint: string): Promise<SshKeyOwner | undefined> {
    const row = await this.#findOwnerRow(fingerprint);
    if (row === undefined) return undefined;
    await this.#noteUse(row.keyId, row.lastUsedAt);
    return toOwner(row);
  }

  /** Users by their names; suspended ones are left out. */
  async findUsers(logins: readonly string[]): Promise<UserIdentity[]> {
    const keys = [...new Set(logins.map((login) => login.toLowerCase()))];
    return this.#sql<UserIdentity[]>`
      select a.id as "userId", a.login, u.site_admin as "siteAdmin"
      from account a join user_credential u on u.user_id = a.id
      where a.login_key = any(${keys}) and u.suspended_at is null`;
  }

  async #add(
    holder: KeyHolder,
    request: NewSshKey,
    access: 'read-only' | 'read-write',
  ): Promise<AddSshKeyOutcome<DeployKeyRecord>> {
    const parsed = parseSshKeyLine(request.line);
    if (parsed.kind === 'invalid') return { kind: 'invalid', field: 'key', reason: parsed.reason };
    const title = request.title.trim() || titleFor(parsed.key, parsed.comment);
    const fault = findTitleFault(title);
    if (fault !== undefined) return { kind: 'invalid', field: 'title', reason: fault };
    try {
      const row = await this.#insert(holder, title, parsed.key, access);
      return row === undefined ? { kind: 'too-many' } : { kind: 'added', key: toRecord(row) };
    } catch (error) {
      if (isUniqueViolation(error, 'ssh_key_fingerprint')) return { kind: 'in-use' };
      throw error;
    }
  }

  /** @returns undefined when the holder has as many as one may have */
  async #insert(
    holder: KeyHolder,
    title: string,
    key: SshPublicKey,
    access: 'read-only' | 'read-write',
  ): Promise<KeyRow | undefined> {
    const userId = 'userId' in holder ? holder.userId : null;
    const repositoryId = 'repositoryId' in holder ? holder.repositoryId : null;
    const countMax = userId === null ? limits.deployKeysMax : limits.userSshKeysMax;
    const [row] = await this.#sql<KeyRow[]>`
      insert into ssh_key (user_id, repository_id, title, public_key, fingerprint, read_only)
      select ${userId}::bigint, ${repositoryId}::bigint, ${title}::text, ${key.publicKey}::text,
             ${key.fingerprint}::text, ${access === 'read-only'}::boolean
      where (select count(*) from ssh_key where ${this.#isOf(holder)}) < ${countMax}
      returning ${this.#columns()}`;
    return row;
  }

  #select(holder: KeyHolder): Promise<KeyRow[]> {
    return this.#sql<KeyRow[]>`
      select ${this.#columns()} from ssh_key where ${this.#isOf(holder)} order by id desc`;
  }

  async #remove(holder: KeyHolder, keyId: number): Promise<boolean> {
    if (!Number.isSafeInteger(keyId)) return false;
    const result = await this.#sql`delete from ssh_key where ${this.#isOf(holder)} and id = ${keyId}`;
    return result.count > 0;
  }

  async #findOwnerRow(fingerprint: string): Promise<OwnerRow | undefined> {
    const [row] = await this.#sql<OwnerRow[]>`
      select k.id as "keyId", k.title, k.repository_id as "repositoryId", k.read_only as "readOnly",
             k.last_used_at as "lastUsedAt", a.id as "userId", a.login, u.site_admin as "siteAdmin"
      from ssh_key k
      left join account a on a.id = k.user_id left join user_credential u on u.user_id = k.user_id
      where k.fingerprint = ${fingerprint} and u.suspended_at is null`;
    return row;
  }

  /** Once a minute at most, so that a busy key does not turn every fetch into a write. */
  async #noteUse(keyId: number, lastUsedAt: Date | null): Promise<void> {
    const before = new Date(Date.now() - limits.tokenLastUsedStepMs);
    if (lastUsedAt !== null && lastUsedAt > before) return;
    await this.#sql`
      update ssh_key set last_used_at = now()
      where id = ${keyId} and (last_used_at is null or last_used_at <= ${before})`;
  }

  #isOf(holder: KeyHolder) {
    return 'userId' in holder
      ? this.#sql`user_id = ${holder.userId}`
      : this.#sql`repository_id = ${holder.repositoryId}`;
  }

  #columns() {
    return this.#sql`
      id, title, public_key as "publicKey", fingerprint, read_only as "readOnly", created_at as "createdAt",
      last_used_at as "lastUsedAt"`;
  }
}

function titleFor(key: SshPublicKey, comment: string): string {
  const words = [...comment.trim()].slice(0, limits.sshKeyTitleMaxCharacters).join('');
  return words || key.fingerprint;
}

function findTitleFault(title: string): string | undefined {
  if ([...title].length <= limits.sshKeyTitleMaxCharacters && !/\p{Cc}/u.test(title)) return undefined;
  return `A title is a single line of at most ${limits.sshKeyTitleMaxCharacters} characters, without control characters.`;
}

function toRecord(row: KeyRow): DeployKeyRecord {
  return { ...row, lastUsedAt: row.lastUsedAt ?? undefined };
}

function toOwner(row: OwnerRow): SshKeyOwner {
  const { keyId, title, repositoryId, readOnly, userId, login, siteAdmin } = row;
  if (repositoryId !== null) return { kind: 'repository', keyId, title, repositoryId, readOnly };
  if (userId === null || login === null || siteAdmin === null) throw new Error(`read SSH key ${keyId}: it is nobody's`);
  return { kind: 'user', keyId, user: { userId, login, siteAdmin } };
}
