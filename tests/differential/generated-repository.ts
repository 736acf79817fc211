/** Repositories of every shape, made from a seed: what the twins of a differential test hold. */
import fc from 'fast-check';
import { type ModelFormat, type ModelTreeEntry, ObjectModel } from './object-model.ts';

export interface GeneratedRepository {
  readonly model: ObjectModel;
  /** Full names. */
  readonly refs: ReadonlyMap<string, string>;
  /** Of which some may not exist. */
  readonly headTarget: string;
  /** Oldest first. */
  readonly commits: readonly string[];
  /** Objects that no ref leads to: history that was deleted. */
  readonly unreachable: readonly string[];
}

/** Below which refs are hidden by `transfer.hideRefs`. */
export const HIDDEN_PREFIX = 'refs/hidden';

interface CommitPlan {
  /** How far back each parent lies. */
  readonly parentDistances: readonly number[];
  readonly edits: readonly { readonly file: number; readonly content: number; readonly kind: EntryKind }[];
  /** Added to the time that the commit's number gives it. */
  readonly skewSeconds: number;
}

type EntryKind = 'file' | 'executable' | 'link' | 'submodule' | 'absent';

interface RepositoryPlan {
  readonly format: ModelFormat;
  readonly commits: readonly CommitPlan[];
  readonly branches: readonly { readonly name: number; readonly commit: number }[];
  readonly tags: readonly { readonly name: number; readonly object: number; readonly annotations: number }[];
  readonly others: readonly { readonly name: number; readonly object: number }[];
  readonly head: 'main' | 'branch' | 'unborn';
  readonly manyRefs: boolean;
}

/** Names beside and below each other, and one that sorts between a folder and its contents. */
const FILES = ['README', 'a', 'a.b/c', 'a/b', 'a/c/d', 'a/c/e', 'deep/er/still/file', 'link', 'sub', 'z', 'Ünïcode'];
/** A file of some repositories, which `--filter=sparse:oid=` may name. */
const SPARSE_PATTERNS = `${'# Of a sparse checkout\n'.repeat(14)}/a/\n!/a/c/\nREADME\ndeep/\n!still/\n/z\n`;
const KINDS: readonly EntryKind[] = ['file', 'file', 'file', 'file', 'executable', 'link', 'submodule', 'absent'];
const BRANCHES = ['main', 'side', 'topic/one', 'topic/two', 'release-1', 'Z', 'ünï', 'old'];
const TAGS = ['v1', 'v1.0', 'v1.0-rc', 'light', 'nested/tag', 'zz', 'tree', 'blob'];
const OTHERS = ['refs/notes/commits', 'refs/hidden/one', 'refs/hidden/two', 'refs/custom/x', 'refs/changes/01/1'];

const commitPlan: fc.Arbitrary<CommitPlan> = fc.record({
  parentDistances: fc.oneof(
    { weight: 8, arbitrary: fc.constant([1]) },
    { weight: 3, arbitrary: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 3 }) },
    { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 2, max: 6 })) },
    { weight: 1, arbitrary: fc.constant([]) },
  ),
  edits: fc.array(
    fc.record({
      file: fc.nat(FILES.length - 1),
      content: fc.nat(8),
      kind: fc.constantFrom(...KINDS),
    }),
    { maxLength: 4 },
  ),
  skewSeconds: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -5_000, max: 5_000 }) },
  ),
});

const repositoryPlan: fc.Arbitrary<RepositoryPlan> = fc.record({
  format: fc.oneof(
    { weight: 4, arbitrary: fc.constant('sha1' as const) },
    { weight: 1, arbitrary: fc.constant('sha256' as const) },
  ),
  commits: fc.oneof(
    { weight: 12, arbitrary: fc.array(commitPlan, { minLength: 2, maxLength: 30, size: 'max' }) },
    { weight: 1, arbitrary: fc.constant([]) },
  ),
  branches: fc.array(fc.record({ name: fc.nat(BRANCHES.length - 1), commit: fc.nat(29) }), { maxLength: 6 }),
  tags: fc.array(fc.record({ name: fc.nat(TAGS.length - 1), object: fc.nat(1_000), annotations: fc.nat(3) }), {
    maxLength: 6,
  }),
  others: fc.array(fc.record({ name: fc.nat(OTHERS.length - 1), object: fc.nat(1_000) }), { maxLength: 3 }),
  head: fc.constantFrom('main', 'main', 'main', 'branch', 'unborn'),
  manyRefs: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

/** The same number gives the same repository. */
export function generateRepository(seed: number): GeneratedRepository {
  const [plan] = fc.sample(repositoryPlan, { seed, numRuns: 1 });
  if (!plan) throw new Error('no plan');
  return realise(plan);
}

/** In order. */
export function visibleRefs({ refs }: GeneratedRepository): string[] {
  return [...refs.keys()].filter((name) => !name.startsWith(`${HIDDEN_PREFIX}/`)).sort();
}

/** All that some visible ref leads to. */
export function visibleIds(repository: GeneratedRepository): Set<string> {
  return repository.model.closure(visibleRefs(repository).map((name) => repository.refs.get(name) ?? ''));
}

function realise(plan: RepositoryPlan): GeneratedRepository {
  const model = new ObjectModel(plan.format);
  const commits = makeCommits(model, plan.commits);
  const refs = makeRefs(model, commits, plan);
  const reachable = model.closure(refs.values());
  const unreachable = [...model.objects.keys()].filter((id) => !reachable.has(id));
  return { model, refs, headTarget: headTarget(plan, refs), commits, unreachable };
}

function makeCommits(model: ObjectModel, plans: readonly CommitPlan[]): string[] {
  const commits: string[] = [];
  const folders: ReadonlyMap<string, ModelTreeEntry>[] = [];
  for (const [number, plan] of plans.entries()) {
    const parentNumbers = [...new Set(plan.parentDistances.map((distance) => number - distance))].filter((n) => n >= 0);
    const files = new Map(folders[parentNumbers[0] ?? -1]);
    for (const { file, content, kind } of plan.edits) edit(model, files, FILES[file] ?? '', content, kind);
    folders.push(files);
    const parents = parentNumbers.map((parent) => commits[parent] ?? '');
    const seconds = 1_700_000_000 + number * 1_000 + plan.skewSeconds;
    commits.push(model.commit(writeFolder(model, files), parents, seconds, `Commit ${number}`));
  }
  return commits;
}

function edit(model: ObjectModel, files: Map<string, ModelTreeEntry>, name: string, content: number, kind: EntryKind) {
  if (kind === 'absent') return void files.delete(name);
  // The largest are some kilobytes, so that limits of sizes part them.
  const lines = `Content ${content}\n`.repeat(content === 8 ? 400 : content * 7);
  const text = content === 7 ? SPARSE_PATTERNS : content === 0 ? '' : lines;
  if (kind === 'submodule') {
    const id = String(content).repeat(model.zeroId.length).replace(/^0/, '1');
    files.set(name, { mode: '160000', name, id });
    return;
  }
  const mode = kind === 'link' ? '120000' : kind === 'executable' ? '100755' : '100644';
  files.set(name, { mode, name, id: model.blob(kind === 'link' ? `target${content}` : text) });
}

/** @param files by path; a folder comes before a file of its name */
export function writeFolder(model: ObjectModel, files: ReadonlyMap<string, ModelTreeEntry>): string {
  const entries: ModelTreeEntry[] = [];
  const below = new Map<string, Map<string, ModelTreeEntry>>();
  for (const [path, entry] of files) {
    const slash = path.indexOf('/');
    if (slash < 0) {
      entries.push({ ...entry, name: path });
      continue;
    }
    const folder = path.slice(0, slash);
    below.set(folder, (below.get(folder) ?? new Map()).set(path.slice(slash + 1), entry));
  }
  for (const [name, contents] of below) {
    const rivals = entries.findIndex((entry) => entry.name === name);
    if (rivals >= 0) entries.splice(rivals, 1);
    entries.push({ mode: '40000', name, id: writeFolder(model, contents) });
  }
  return model.tree(entries);
}

function makeRefs(model: ObjectModel, commits: readonly string[], plan: RepositoryPlan): Map<string, string> {
  const refs = new Map<string, string>();
  if (commits.length === 0) return refs;
  const set = (name: string, id: string) => {
    const clashes = [...refs.keys()].some((other) => other.startsWith(`${name}/`) || name.startsWith(`${other}/`));
    if (!clashes) refs.set(name, id);
  };
  const commitAt = (number: number) => commits[number % commits.length] ?? '';
  if (plan.head === 'main') set('refs/heads/main', commits.at(-1) ?? '');
  for (const { name, commit } of plan.branches) set(`refs/heads/${BRANCHES[name]}`, commitAt(commit));
  const objects = [...model.objects.keys()];
  const objectAt = (number: number) =>
    number % 3 === 0 ? commitAt(number) : (objects[number % objects.length] ?? commitAt(0));
  for (const { name, object, annotations } of plan.tags) {
    let id = objectAt(object);
    for (let depth = 0; depth < annotations; depth++) id = model.tag(id, `${TAGS[name]}-${depth}`);
    set(`refs/tags/${TAGS[name]}`, id);
  }
  for (const { name, object } of plan.others) set(OTHERS[name] ?? '', objectAt(object));
  if (plan.manyRefs) for (let number = 0; number < 300; number++) set(`refs/heads/many/${number}`, commitAt(number));
  return refs;
}

function headTarget(plan: RepositoryPlan, refs: ReadonlyMap<string, string>): string {
  const branch = [...refs.keys()].find((name) => name.startsWith('refs/heads/'));
  switch (plan.head) {
    case 'main':
      return 'refs/heads/main';
    case 'branch':
      return branch ?? 'refs/heads/none';
    case 'unborn':
      return 'refs/heads/unborn';
  }
}
