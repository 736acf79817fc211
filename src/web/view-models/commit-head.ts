/** The upper part of a commit's page. */
import { type Commit, messageBodyOf, subjectOf } from '#git/object/commit.ts';
import type { Identity } from '#git/object/identity.ts';

export interface CommitHead {
  readonly subject: string;
  readonly body: string;
  /** The author, and the committer where that is somebody else. */
  readonly people: readonly CommitPerson[];
}

export interface CommitPerson {
  readonly name: string;
  readonly email: string;
  readonly deed: 'wrote it' | 'committed it' | 'committed';
  readonly date: Date;
}

export function commitHead(commit: Commit): CommitHead {
  const { author, committer, message } = commit;
  const isOnePerson = author.name === committer.name && author.email === committer.email;
  const people = isOnePerson
    ? [person(committer, 'committed')]
    : [person(author, 'wrote it'), person(committer, 'committed it')];
  return { subject: subjectOf(message), body: messageBodyOf(message), people };
}

function person({ name, email, dateSeconds }: Identity, deed: CommitPerson['deed']): CommitPerson {
  return { name: name || email || 'Unknown', email, deed, date: new Date(dateSeconds * 1000) };
}
