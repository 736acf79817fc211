/** What the pages of a repository's files and commits share: the snapshot, the revision in the address, the branch menu. */
import type { RevisionOutcome } from '#browse/revision.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { notFound, type OpenedRepository, openRepository, type PageContext } from './page-access.ts';
import type { Revision } from './view-models/revision.ts';

type FoundRevision = Extract<RevisionOutcome, { kind: 'found' }>;
type Opened = Extract<OpenedRepository, { kind: 'opened' }>;

export interface OpenedRevision extends Opened {
  readonly snapshot: RepositorySnapshot;
  readonly found: FoundRevision;
  readonly revision: Revision;
  readonly menu: BranchMenuModel;
}

export interface BranchMenuModel {
  /** The default branch, then the newest. */
  readonly branches: readonly string[];
  readonly branchCount: number;
  readonly tagCount: number;
}

/** Branches that the menu lists; the page of branches has them all. */
const MENU_BRANCHES_MAX = 30;
const BRANCH_PREFIX = 'refs/heads/';
const TAG_PREFIX = 'refs/tags/';

/**
 * Opens what an address like `/ada/engine/tree/main/src` names.
 *
 * @param unborn the answer for a repository without commits, whose address names no revision
 */
export async function openRevision(page: PageContext): Promise<OpenedRevision | Response> {
  const opened = await openRepository(page);
  if (opened.kind === 'refused') return opened.response;
  const { engine, browse } = page.locals.services;
  const snapshot = await engine.readableSnapshot(opened.repository);
  const found = await browse.resolveRevision(snapshot, opened.address.rest);
  if (found.kind !== 'found') return notFound();
  const [revision, menu] = [describeRevision(found), await branchMenu(page, snapshot)];
  return { ...opened, snapshot, found, revision, menu };
}

/** Names a revision by its branch or tag, whatever the address called it; by the commit's id otherwise. */
export function describeRevision(found: FoundRevision): Revision {
  const refName = found.ref?.name ?? '';
  if (refName.startsWith(BRANCH_PREFIX)) return { kind: 'branch', name: refName.slice(BRANCH_PREFIX.length) };
  if (refName.startsWith(TAG_PREFIX)) return { kind: 'tag', name: refName.slice(TAG_PREFIX.length) };
  return { kind: 'commit', name: found.commitId };
}

export async function branchMenu(page: PageContext, snapshot: RepositorySnapshot): Promise<BranchMenuModel> {
  const { browse } = page.locals.services;
  const list = await browse.listBranches(snapshot, { countMax: MENU_BRANCHES_MAX });
  const tagCount = snapshot.refs.refs.reduce((count, ref) => count + (ref.name.startsWith(TAG_PREFIX) ? 1 : 0), 0);
  return { branches: list.rows.map(({ name }) => name), branchCount: list.totalCount, tagCount };
}

export function branchName(refName: string): string {
  return refName.startsWith(BRANCH_PREFIX) ? refName.slice(BRANCH_PREFIX.length) : refName;
}
