/** What stands at the top of each of a repository's pages. */
import type { RepositoryRecord } from '#repository/repository-record.ts';

export interface RepositoryHead {
  readonly owner: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly visibility: 'public' | 'private';
  readonly archived: boolean;
  /** Shows the way to the settings. */
  readonly administers: boolean;
}

export type RepositoryTab = 'code' | 'commits' | 'branches' | 'tags' | 'settings';

export function repositoryHead(record: RepositoryRecord, administers: boolean): RepositoryHead {
  const { ownerLogin, name, description, visibility, archived } = record;
  return { owner: ownerLogin, name, description, visibility, archived, administers };
}
