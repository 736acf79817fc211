/**
 * What was pushed, newest first: a line for each ref that a push moved, out of the rows that `ref-transaction.ts` writes. Whether a
 * line may be shown is for the caller, who is given them one after another and stops when there are enough.
 */
import type { Sql } from '#db/client.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { NonceStatus } from '#git/protocol/push-certificate.ts';
import { limits } from '#limits.ts';

/** Where a line stands in the list. */
export interface PushLogPosition {
  readonly pushId: string;
  /** Among the refs of the push. */
  readonly index: number;
}

export interface PushLogLine extends PushLogPosition, PushedBy {
  readonly name: string;
  /** Zero where the ref was created or deleted. */
  readonly oldId: ObjectId;
  readonly newId: ObjectId;
  /** Undefined: the push was not signed. */
  readonly nonceStatus: NonceStatus | undefined;
}

export interface PushedBy {
  readonly pushedAt: Date;
  /** Undefined: a deploy key, or an account that is gone. */
  readonly actor: PushActor | undefined;
}

export interface PushActor {
  readonly accountId: number;
  readonly login: string;
  readonly siteAdmin: boolean;
}

export interface RecordedPush extends PushedBy {
  readonly pushId: string;
  readonly updates: readonly { readonly name: string; readonly old: ObjectId; readonly new: ObjectId }[];
  readonly certificate: Uint8Array | undefined;
  readonly nonceStatus: NonceStatus | undefined;
}

export interface PushLogFilter {
  readonly ref?: string | undefined;
  /** Login, in whatever case. */
  readonly actor?: string | undefined;
}

interface ActorRow {
  readonly actorId: number | null;
  readonly login: string | null;
  readonly siteAdmin: boolean | null;
  readonly pushedAt: Date;
  readonly nonceStatus: NonceStatus | null;
}

interface LineRow extends ActorRow {
  readonly pushId: string;
  readonly index: number;
  readonly name: string;
  readonly oldId: string;
  readonly newId: string;
}

export class PushLog {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @param after leaves out this line and all before it; a position that is none begins the list nowhere */
  async *lines(
    repositoryId: number,
    filter: PushLogFilter,
    after: PushLogPosition | undefined,
  ): AsyncGenerator<PushLogLine> {
    for (let position = after; ; ) {
      const rows = await this.#read(repositoryId, filter, position);
      yield* rows.map(toLine);
      position = rows.at(-1);
      if (rows.length < limits.pushLogBatch) return;
    }
  }

  /** @returns undefined when the repository has no such push */
  async find(repositoryId: number, pushId: string): Promise<RecordedPush | undefined> {
    const [row] = await this.#sql<(ActorRow & Pick<RecordedPush, 'updates'> & { certificate: Uint8Array | null })[]>`
      select p.updates, p.certificate, ${this.#pushedBy()}
      from push p ${this.#withActor()} where p.id = ${pushId} and p.repository_id = ${repositoryId}`;
    if (!row) return undefined;
    const { updates, certificate, nonceStatus } = row;
    return {
      pushId,
      updates,
      certificate: certificate ?? undefined,
      nonceStatus: nonceStatus ?? undefined,
      ...pushedBy(row),
    };
  }

  /** Some lines at a time: the refs of one push are up to 10,000. */
  #read(repositoryId: number, { ref, actor }: PushLogFilter, after: PushLogPosition | undefined): Promise<LineRow[]> {
    const sql = this.#sql;
    const ofRef = ref === undefined ? sql`` : sql`and line.value->>'name' = ${ref}`;
    const withRef = ref === undefined ? sql`` : sql`and p.updates @> ${JSON.stringify([{ name: ref }])}::text::jsonb`;
    const ofActor = actor === undefined ? sql`` : sql`and a.login_key = ${actor.toLowerCase()}`;
    const behind = after === undefined ? sql`` : this.#behind(repositoryId, after);
    return sql<LineRow[]>`
      select p.id as "pushId", (line.ordinality - 1)::int as index, line.value->>'name' as name, line.value->>'old' as "oldId",
        line.value->>'new' as "newId", ${this.#pushedBy()}
      from push p ${this.#withActor()} cross join lateral jsonb_array_elements(p.updates) with ordinality as line
      where p.repository_id = ${repositoryId} ${withRef} ${ofRef} ${ofActor} ${behind}
      order by p.created_at desc, p.id desc, line.ordinality limit ${limits.pushLogBatch}`;
  }

  #behind(repositoryId: number, { pushId, index }: PushLogPosition) {
    const sql = this.#sql;
    return sql`
      and (p.created_at, p.id) <= (select created_at, id from push where id = ${pushId} and repository_id = ${repositoryId})
      and (p.id <> ${pushId} or line.ordinality > ${index + 1})`;
  }

  #withActor() {
    return this.#sql`left join account a on a.id = p.actor_id left join user_credential u on u.user_id = a.id`;
  }

  #pushedBy() {
    return this.#sql`
      a.id as "actorId", a.login, u.site_admin as "siteAdmin", p.created_at as "pushedAt", p.nonce_status as "nonceStatus"`;
  }
}

function toLine(row: LineRow): PushLogLine {
  const { pushId, index, name, oldId, newId, nonceStatus } = row;
  return { pushId, index, name, oldId, newId, nonceStatus: nonceStatus ?? undefined, ...pushedBy(row) };
}

function pushedBy({ actorId, login, siteAdmin, pushedAt }: ActorRow): PushedBy {
  const isKnown = actorId !== null && login !== null;
  return { pushedAt, actor: isKnown ? { accountId: actorId, login, siteAdmin: siteAdmin ?? false } : undefined };
}
