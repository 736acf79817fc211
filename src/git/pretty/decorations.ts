/** The refs that point to a commit, as `%d`, `%D` and `%(decorate)` list them — git-log(1), "--decorate"; `log-tree.c`. */
import type { ObjectId } from '../object/object-id.ts';
import type { RefSnapshot } from '../ref-store.ts';
import { expandLiterals, matchOption } from './placeholder-options.ts';

export interface Decoration {
  /** A byte string, in short. */
  readonly name: string;
  readonly isTag: boolean;
  /** HEAD: the branch that it names, if that is among them. */
  readonly pointsTo?: string;
}

export type DecorationTexts = Record<'prefix' | 'suffix' | 'separator' | 'pointer' | 'tag', string>;

export const DECORATION_TEXTS: DecorationTexts = {
  prefix: ' (',
  suffix: ')',
  separator: ', ',
  pointer: ' -> ',
  tag: 'tag: ',
};

/** @param refs those that whoever reads this may see */
export function decorationsOf(shown: RefSnapshot, commitId: ObjectId): Decoration[] {
  const { refs, headTarget } = shown;
  const head = shown.find('HEAD');
  const isHead = head !== undefined && (head.peeled ?? head.target) === commitId;
  const decorations: Decoration[] = [];
  for (const { name, target, peeled } of refs) {
    const isAnnotated = peeled === commitId;
    if ((target !== commitId && !isAnnotated) || name.startsWith('refs/replace/')) continue;
    if (isHead && isBranch(name) && name === headTarget) continue;
    decorations.push({ name: shortName(name), isTag: isAnnotated || name.startsWith('refs/tags/') });
  }
  decorations.reverse();
  if (!isHead) return decorations;
  const branch = isBranch(headTarget) && shown.find(headTarget) ? { pointsTo: shortName(headTarget) } : {};
  return [{ name: 'HEAD', isTag: false, ...branch }, ...decorations];
}

function isBranch(name: string): boolean {
  return name.startsWith('refs/heads/');
}

function shortName(name: string): string {
  return Buffer.from(name.replace(/^refs\/(?:heads|tags|remotes)\//, '')).toString('latin1');
}

export function formatDecorations(decorations: readonly Decoration[], texts: DecorationTexts): string {
  if (decorations.length === 0) return '';
  const names = decorations.map(({ name, isTag, pointsTo }) => {
    const target = pointsTo === undefined ? '' : texts.pointer + pointsTo;
    return (isTag ? texts.tag : '') + name + target;
  });
  return texts.prefix + names.join(texts.separator) + texts.suffix;
}

/**
 * The options of `%(decorate…)`.
 *
 * @param text behind `(decorate`
 * @returns them, and how long they are with the bracket; undefined when there is none
 */
export function readDecorateOptions(text: string): { texts: DecorationTexts; length: number } | undefined {
  const texts = { ...DECORATION_TEXTS };
  let rest = text;
  if (text.startsWith(':')) {
    rest = text.slice(1);
    for (let isRead = true; isRead; ) {
      isRead = false;
      for (const name of Object.keys(texts) as (keyof DecorationTexts)[]) {
        const option = matchOption(rest, name);
        if (option === undefined) continue;
        texts[name] = expandLiterals(option.value ?? '');
        rest = option.rest;
        isRead = true;
      }
    }
  }
  return rest.startsWith(')') ? { texts, length: text.length - rest.length + 1 } : undefined;
}
