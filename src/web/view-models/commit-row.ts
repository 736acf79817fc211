/** Commits in a list, grouped by the day they were committed. */
import type { CommitSummary } from '#browse/commit-summary.ts';
import { dayOf } from './relative-time.ts';
import { commitUrl, type RepositoryName, viewUrl } from './repository-links.ts';

export interface CommitRow {
  readonly id: string;
  readonly shortId: string;
  readonly href: string;
  readonly treeHref: string;
  readonly subject: string;
  readonly hasBody: boolean;
  readonly author: string;
  /** Set when somebody else committed it. */
  readonly committer: string | undefined;
  readonly date: Date;
}

export interface CommitDay {
  readonly day: string;
  readonly commits: readonly CommitRow[];
}

/** Digits of an id in lists: enough for any repository there is. */
export const SHORT_ID_DIGITS = 8;

export function commitRow(commit: CommitSummary, repository: RepositoryName): CommitRow {
  const { id, author, committer } = commit;
  const isOtherCommitter = committer.name !== author.name || committer.email !== author.email;
  return {
    id,
    shortId: id.slice(0, SHORT_ID_DIGITS),
    href: commitUrl(repository, id),
    treeHref: viewUrl(repository, 'tree', id),
    subject: commit.subject,
    hasBody: commit.body !== '',
    author: author.name,
    committer: isOtherCommitter ? committer.name : undefined,
    date: new Date(committer.dateSeconds * 1000),
  };
}

/** Days in the order of the list: history is not sorted by date, so a day may come twice. */
export function groupByDay(commits: readonly CommitRow[]): CommitDay[] {
  const days: { day: string; commits: CommitRow[] }[] = [];
  for (const commit of commits) {
    const day = dayOf(commit.date);
    const current = days.at(-1);
    if (current?.day === day) current.commits.push(commit);
    else days.push({ day, commits: [commit] });
  }
  return days;
}
