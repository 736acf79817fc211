/** Commits in a list, grouped by the day they were committed. */
import { dayOf } from './relative-time.ts';

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
