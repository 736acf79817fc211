/** Which names accounts may have: GitHub's rules, and no name that our own addresses begin with. */
import { limits } from '#limits.ts';

/**
 * First segments of our own paths, those that are there and those that are likely to come; a user called `api` would have
 * no address. In lower case. Words that people expect to be able to take (`admin`, `git`, `root`) are not among them: the pages for
 * administrators live below `site-admin`.
 */
export const RESERVED_LOGINS: ReadonlySet<string> = new Set([
  '403',
  '404',
  '500',
  '_astro',
  'about',
  'api',
  'assets',
  'codesearch',
  'dashboard',
  'design',
  'events',
  'explore',
  'feed',
  'fonts',
  'graphql',
  'healthz',
  'help',
  'images',
  'issues',
  'join',
  'login',
  'logout',
  'marketplace',
  'metrics',
  'new',
  'notifications',
  'oauth',
  'orgs',
  'organizations',
  'pulls',
  'readyz',
  'repositories',
  'search',
  'security',
  'sessions',
  'settings',
  'setup',
  'signin',
  'signout',
  'signup',
  'site-admin',
  'sitemap',
  'stacks',
  'stars',
  'static',
  'status',
  'terms',
  'topics',
  'trending',
  'uploads',
  'user',
  'users',
]);

/** @returns what is wrong with the login of a new account, for people; undefined when it may be used */
export function findLoginFault(login: string): string | undefined {
  if (login === '') return 'An account needs a name.';
  if (login.length > limits.loginMaxCharacters) {
    return `An account's name has at most ${limits.loginMaxCharacters} characters.`;
  }
  if (!/^[A-Za-z0-9-]+$/.test(login)) return "An account's name is made of letters, digits and hyphens.";
  if (/^-|-$|--/.test(login)) return "An account's name has single hyphens, and none at its start or end.";
  if (RESERVED_LOGINS.has(login.toLowerCase())) return `The name "${login}" is reserved.`;
  return undefined;
}

/** @returns what is wrong with an account's display name or description, for people */
export function findTextFault(text: string, charactersMax: number): string | undefined {
  if ([...text].length > charactersMax) return `This has at most ${charactersMax} characters.`;
  // Would break the lines of a terminal, a log or a mail header.
  if (/\p{Cc}/u.test(text)) return 'This is a single line of text without control characters.';
  return undefined;
}

/** @returns what is wrong with an e-mail address, for people. The form is HTML's: section 4.10.5.1.5, "valid e-mail address" */
export function findEmailFault(address: string): string | undefined {
  const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
  const form = new RegExp(`^[a-zA-Z0-9.!#$%&'*+/=?^_\`{|}~-]+@${label}(?:\\.${label})*$`);
  const fits = address.length <= limits.emailMaxCharacters && form.test(address);
  return fits ? undefined : `"${address.slice(0, limits.emailMaxCharacters)}" is not an e-mail address.`;
}
