/**
 * Names of refs: which are well formed — git-check-ref-format(1) —, which may be pushed, how they are shortened, and which
 * cannot exist side by side.
 */
import { compareAsUtf8 } from '#bytes/compare-bytes.ts';
import { decodeStrict } from '#bytes/utf8.ts';

export const BRANCH_PREFIX = 'refs/heads/';
export const TAG_PREFIX = 'refs/tags/';

/** Control characters, DEL, SP, and `~ ^ : ? * [ \` are forbidden anywhere; so are `..` and `@{`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const FORBIDDEN = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{/;

/** Whether git accepts `name` as a ref: `git check-ref-format <name>`. */
export function isRefName(name: string): boolean {
  return name.includes('/') && isRefNameOneLevel(name);
}

/** As `git check-ref-format --allow-onelevel`: `HEAD` and `main` are well formed too. */
export function isRefNameOneLevel(name: string): boolean {
  if (name === '@' || name.endsWith('.') || FORBIDDEN.test(name)) return false;
  return name.split('/').every(isComponent);
}

function isComponent(component: string): boolean {
  return component !== '' && !component.startsWith('.') && !component.endsWith('.lock');
}

export type RefNameCheck =
  | { readonly kind: 'ok'; readonly name: string }
  /** `reason` as git's receive-pack words it, where it has words. */
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Decides whether a push may create, move or delete the ref of this name: under `refs/`, with at least two levels below, well
 * formed, and UTF-8, because names are kept as text here.
 */
export function checkPushedRefName(bytes: Uint8Array, nameMaxBytes: number): RefNameCheck {
  if (bytes.length > nameMaxBytes) return { kind: 'refused', reason: `ref name longer than ${nameMaxBytes} bytes` };
  const name = decodeStrict(bytes);
  if (name === undefined) return { kind: 'refused', reason: 'ref name is not UTF-8' };
  if (!name.startsWith('refs/') || !isRefName(name.slice('refs/'.length))) {
    return { kind: 'refused', reason: 'funny refname' };
  }
  return { kind: 'ok', name };
}

/** `refs/heads/a/b` is `a/b`, `refs/tags/v1` is `v1`; others lose `refs/` alone. */
export function shortRefName(name: string): string {
  for (const prefix of [BRANCH_PREFIX, TAG_PREFIX, 'refs/']) {
    if (name.startsWith(prefix)) return name.slice(prefix.length);
  }
  return name;
}

/**
 * Finds a ref that cannot exist beside `name`: one is a directory of the other, as `refs/heads/a` of `refs/heads/a/b`.
 *
 * @param sortedNames in the order of their bytes
 * @returns the first such ref; `name` itself is none
 */
export function findDirectoryConflict(name: string, sortedNames: readonly string[]): string | undefined {
  for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
    const directory = name.slice(0, slash);
    if (sortedNames[lowerBound(sortedNames, directory)] === directory) return directory;
  }
  const candidate = sortedNames[lowerBound(sortedNames, `${name}/`)];
  return candidate?.startsWith(`${name}/`) ? candidate : undefined;
}

/** @returns the index of the first name that is not before `name` */
export function lowerBound(sortedNames: readonly string[], name: string): number {
  let low = 0;
  let high = sortedNames.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareAsUtf8(sortedNames[middle] as string, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
