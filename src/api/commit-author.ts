/** Finds the accounts of the people who made commits, by their e-mail addresses, in one question for a whole page. */
import type { Commit } from '#git/object/commit.ts';
import type { ApiServices } from './services.ts';
import type { AccountByEmail } from './shape/commit.ts';

export async function findAuthors(commits: readonly Commit[], services: ApiServices): Promise<AccountByEmail> {
  const emails = new Set(commits.flatMap((commit) => [commit.author.email, commit.committer.email]));
  emails.delete('');
  const accounts = await services.accounts.findByEmails([...emails]);
  return (email) => accounts.get(email.toLowerCase());
}
