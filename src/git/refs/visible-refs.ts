/** The refs that a fetching client gets to see: all but those that settings hide — git-config(1), `uploadpack.hideRefs`. */
import type { ObjectId } from '../object/object-id.ts';
import type { Ref, RefSnapshot } from '../ref-store.ts';
import { isHiddenRef } from './hidden-refs.ts';

export interface VisibleRefs extends RefSnapshot {
  /** Whether HEAD may be told of, be there such a ref or not. */
  readonly showsHead: boolean;
  /** Their targets, and what tags among them lead to. */
  readonly tips: ReadonlySet<ObjectId>;
}

/** The same object for the same refs and patterns, so that what is found out about it can be kept. */
const viewsOf = new WeakMap<RefSnapshot, Map<string, VisibleRefs>>();

export function visibleRefs(all: RefSnapshot, hiddenPatterns: readonly string[]): VisibleRefs {
  const views = viewsOf.get(all) ?? new Map<string, VisibleRefs>();
  viewsOf.set(all, views);
  const key = hiddenPatterns.join('\n');
  const view = views.get(key) ?? makeView(all, hiddenPatterns);
  views.set(key, view);
  return view;
}

function makeView(all: RefSnapshot, hiddenPatterns: readonly string[]): VisibleRefs {
  const isShown = (name: string) => !isHiddenRef(name, hiddenPatterns);
  const refs = hiddenPatterns.length === 0 ? all.refs : all.refs.filter(({ name }) => isShown(name));
  return {
    headTarget: all.headTarget,
    showsHead: isShown('HEAD'),
    refs,
    tips: tipsOf(refs),
    // HEAD is shown as what it leads to, even where that has no visible name of its own, as git does.
    find: (name) => (isShown(name) ? all.find(name) : undefined),
  };
}

function tipsOf(refs: readonly Ref[]): Set<ObjectId> {
  return new Set(refs.flatMap(({ target, peeled }) => (peeled === undefined ? [target] : [target, peeled])));
}

/** Where git looks for a ref that is named in short — gitrevisions(7), "<refname>". */
const LOOKUP_RULES = ['', 'refs/', 'refs/tags/', 'refs/heads/', 'refs/remotes/'];

/** @returns the refs that a name may mean, which is one unless the name is ambiguous or unknown */
export function expandRefName(refs: RefSnapshot, name: string): Ref[] {
  const found = LOOKUP_RULES.map((prefix) => refs.find(`${prefix}${name}`));
  return found.filter((ref) => ref !== undefined);
}
