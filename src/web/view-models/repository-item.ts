/** A repository in a list. */
import type { RepositoryRecord } from '#repository/repository-record.ts';

export interface RepositoryItem {
  readonly owner: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly visibility: 'public' | 'private';
  readonly archived: boolean;
  /** Of the last push; of its creation when there was none. */
  readonly changedAt: Date;
}

export function repositoryItem(record: RepositoryRecord): RepositoryItem {
  const { ownerLogin, name, description, visibility, archived, pushedAt, createdAt } = record;
  return { owner: ownerLogin, name, description, visibility, archived, changedAt: pushedAt ?? createdAt };
}
