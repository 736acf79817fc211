/**
 * What a client asks to be run: a line that git means for a shell, of which we have none. The parser knows the few commands that
 * git sends, in the quoting that git uses, and refuses everything else; nothing that it lets through is ever run by name.
 */
import { limits } from '#limits.ts';
import type { RepositoryAddress } from '../git/git-access.ts';

export type SshGitService = 'git-upload-pack' | 'git-receive-pack' | 'git-upload-archive';

export type SshCommand =
  | { readonly kind: 'git'; readonly service: SshGitService; readonly repository: RepositoryAddress | undefined }
  | {
      readonly kind: 'lfs-authenticate';
      readonly operation: 'upload' | 'download';
      /** Undefined: the path is none that a repository could have. */
      readonly repository: RepositoryAddress | undefined;
    }
  /** `reason` is a sentence for people. */
  | { readonly kind: 'refused'; readonly reason: string };

const GIT_SERVICES: readonly string[] = ['git-upload-pack', 'git-receive-pack', 'git-upload-archive'];

/** A word outside of quotes: nothing that means something to a shell. */
const PLAIN = /[A-Za-z0-9._/~@:+=-]/;
/** What git's `sq_quote_buf` closes the quotes for. */
const ESCAPABLE = /['!]/;

const UNKNOWN = 'This is a server for git alone: it runs no other commands.';

/** @param line as the client sent it */
export function parseSshCommand(line: string): SshCommand {
  if (Buffer.byteLength(line) > limits.sshCommandMaxBytes) return refused('This command is too long.');
  const words = splitWords(line);
  if (words === undefined) return refused(UNKNOWN);
  const [verb = '', ...parameters] = joinGitVerb(words);
  if (isGitService(verb)) return parseService(verb, parameters);
  if (verb === 'git-lfs-authenticate') return parseLfs(parameters);
  if (verb === 'git-lfs-transfer') return refused('Git LFS goes over HTTP here: git-lfs finds the way by itself.');
  return refused(UNKNOWN);
}

function parseService(service: SshGitService, parameters: readonly string[]): SshCommand {
  const [path] = parameters;
  if (path === undefined || parameters.length > 1) return refused(`${service} takes the path of one repository.`);
  return { kind: 'git', service, repository: parseRepositoryPath(path) };
}

/** As git-lfs calls it: the path, the operation, and in old versions the id of an object, which says nothing to us. */
function parseLfs(parameters: readonly string[]): SshCommand {
  const [path, operation] = parameters;
  const isOperation = operation === 'upload' || operation === 'download';
  if (path === undefined || !isOperation || parameters.length > 3) {
    return refused('git-lfs-authenticate takes the path of a repository, and then upload or download.');
  }
  return { kind: 'lfs-authenticate', operation, repository: parseRepositoryPath(path) };
}

/** `/owner/name`, with or without the slash in front, one at the end, and `.git`. */
function parseRepositoryPath(path: string): RepositoryAddress | undefined {
  const [, ownerLogin, fullName] = /^\/?([A-Za-z0-9._-]+)\/([A-Za-z0-9._-]+)\/?$/.exec(path) ?? [];
  const repositoryName = fullName?.replace(/\.git$/, '');
  if (!ownerLogin || !repositoryName || isDots(ownerLogin) || isDots(repositoryName)) return undefined;
  return { ownerLogin, repositoryName };
}

function isDots(name: string): boolean {
  return /^\.+$/.test(name);
}

/** `git upload-pack` is `git-upload-pack`. */
function joinGitVerb(words: readonly string[]): readonly string[] {
  const [first, second, ...rest] = words;
  return first === 'git' && second !== undefined ? [`git-${second}`, ...rest] : words;
}

/**
 * Splits a line at its spaces. Within single quotes everything is plain; outside of them only what `PLAIN` has, and `\'` and
 * `\!`, which is all that git writes.
 *
 * @returns undefined for a line with anything else
 */
function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (character === '\0' || character === '\n' || character === '\r') return undefined;
    if (character === "'") {
      isQuoted = !isQuoted;
      word ??= '';
    } else if (isQuoted || PLAIN.test(character)) {
      word = (word ?? '') + character;
    } else if (character === '\\' && ESCAPABLE.test(line.charAt(index + 1))) {
      word = (word ?? '') + line.charAt(++index);
    } else if (character === ' ') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      return undefined;
    }
  }
  if (isQuoted) return undefined;
  return word === undefined ? words : [...words, word];
}

function isGitService(verb: string): verb is SshGitService {
  return GIT_SERVICES.includes(verb);
}

function refused(reason: string): SshCommand {
  return { kind: 'refused', reason };
}
