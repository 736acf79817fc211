/** The name of a commit by the tags in its history — git-describe(1); `builtin/describe.c`. */
import type { ObjectId } from '../object/object-id.ts';
import { parseTag } from '../object/tag.ts';
import type { ObjectStore } from '../object-store.ts';
import { wildmatch } from '../path/wildmatch.ts';
import type { Ref, RefSnapshot } from '../ref-store.ts';
import { abbreviate } from './abbreviate.ts';
import { NearestTag } from './nearest-tag.ts';
import { matchOption, matchSwitch } from './placeholder-options.ts';

export interface DescribeOptions {
  /** Whether tags without an object of their own count. */
  tags: boolean;
  /** Of the id at the end; 0: no end. Undefined: by the size of the repository. */
  abbrev: number | undefined;
  readonly match: string[];
  readonly exclude: string[];
}

export interface DescribeContext {
  readonly objects: ObjectStore;
  /** Those that whoever reads this may see. */
  readonly refs: RefSnapshot;
  readonly signal: AbortSignal;
}

const ABBREV_MIN = 4;

/**
 * The options of `%(describe…)`.
 *
 * @param text behind `(describe`
 * @returns them, and how long they are with the bracket; undefined for options that there are not
 */
export function readDescribeOptions(text: string): { options: DescribeOptions; length: number } | undefined {
  const options: DescribeOptions = { tags: false, abbrev: undefined, match: [], exclude: [] };
  let rest: string | undefined = text;
  if (text.startsWith(':')) {
    rest = text.slice(1);
    for (let next: string | undefined = rest; next !== undefined; next = readOption(rest, options)) rest = next;
  }
  return rest.startsWith(')') ? { options, length: text.length - rest.length + 1 } : undefined;
}

function readOption(text: string, options: DescribeOptions): string | undefined {
  const tags = matchSwitch(text, 'tags');
  if (tags) {
    options.tags = tags.isOn;
    return tags.rest;
  }
  const abbrev = matchOption(text, 'abbrev');
  if (abbrev) {
    if (!/^[ \t\n\r]*[+-]?\d+$/.test(abbrev.value ?? '')) return undefined;
    const digits = Number(abbrev.value);
    options.abbrev = digits === 0 ? 0 : Math.max(ABBREV_MIN, digits);
    return abbrev.rest;
  }
  for (const name of ['exclude', 'match'] as const) {
    const pattern = matchOption(text, name);
    if (!pattern) continue;
    if (!pattern.value) return undefined;
    options[name].push(pattern.value);
    return pattern.rest;
  }
  return undefined;
}

interface TagName {
  readonly ref: Ref;
  /** Behind `refs/tags/`. */
  readonly name: string;
  readonly isAnnotated: boolean;
}

/** @returns a byte string, empty where no tag names the commit */
export async function describeCommit(
  context: DescribeContext,
  commitId: ObjectId,
  options: DescribeOptions,
): Promise<string> {
  const names = await collectNames(context, options);
  const exact = names.get(commitId);
  if (exact !== undefined && (options.tags || exact.isAnnotated)) {
    const { text, isMisnamed } = await nameOf(context, exact);
    return isMisnamed ? text + (await suffix(context, 0, commitId, options)) : text;
  }
  const nearest = names.size === 0 ? undefined : await findNearest(context, commitId, names, options);
  if (nearest === undefined) return '';
  const { text, isMisnamed } = await nameOf(context, nearest.tag);
  if (options.abbrev === 0 && !isMisnamed) return text;
  return text + (await suffix(context, nearest.depth, commitId, options));
}

async function suffix(
  { objects }: DescribeContext,
  depth: number,
  commitId: ObjectId,
  { abbrev }: DescribeOptions,
): Promise<string> {
  return `-${depth}-g${await abbreviate(objects, commitId, abbrev)}`;
}

/** The tag of each commit; of several the annotated one, and of those the newest. */
async function collectNames(context: DescribeContext, options: DescribeOptions): Promise<Map<ObjectId, TagName>> {
  const names = new Map<ObjectId, TagName>();
  for (const ref of context.refs.refs) {
    if (!ref.name.startsWith('refs/tags/')) continue;
    const name = ref.name.slice('refs/tags/'.length);
    const bytes = Buffer.from(name).toString('latin1');
    if (options.exclude.some((pattern) => wildmatch(pattern, bytes))) continue;
    if (options.match.length > 0 && !options.match.some((pattern) => wildmatch(pattern, bytes))) continue;
    const tag = { ref, name, isAnnotated: ref.peeled !== undefined };
    const id = ref.peeled ?? ref.target;
    const known = names.get(id);
    if (known === undefined || (await isPreferred(context, tag, known))) names.set(id, tag);
  }
  return names;
}

async function isPreferred(context: DescribeContext, tag: TagName, known: TagName): Promise<boolean> {
  if (tag.isAnnotated !== known.isAnnotated) return tag.isAnnotated;
  return tag.isAnnotated && (await taggedAt(context, known)) < (await taggedAt(context, tag));
}

async function taggedAt({ objects }: DescribeContext, { ref }: TagName): Promise<number> {
  return parseTag((await objects.read(ref.target)).body, objects.format).tagger?.dateSeconds ?? 0;
}

/** A tag is called what its object says, wherever it lies. */
async function nameOf(
  { objects }: DescribeContext,
  { ref, name, isAnnotated }: TagName,
): Promise<{ text: string; isMisnamed: boolean }> {
  const ownName = isAnnotated ? parseTag((await objects.read(ref.target)).body, objects.format).name : name;
  return { text: Buffer.from(ownName).toString('latin1'), isMisnamed: ownName !== name };
}

async function findNearest(
  { objects, signal }: DescribeContext,
  commitId: ObjectId,
  names: ReadonlyMap<ObjectId, TagName>,
  { tags: allowLightweight }: DescribeOptions,
): Promise<{ tag: TagName; depth: number } | undefined> {
  const graph = await objects.commitGraph();
  const tags = new Map<number, TagName>();
  for (const [id, tag] of names) {
    if (allowLightweight || tag.isAnnotated) tags.set(graph.positionOf(id), tag);
  }
  tags.delete(-1);
  const start = graph.positionOf(commitId);
  if (start < 0) return undefined;
  const found = await new NearestTag(graph, tags, signal).find(start);
  return found && { tag: tags.get(found.commit) as TagName, depth: found.depth };
}
