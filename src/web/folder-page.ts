/** What the page of a folder shows. */
import { LRUCache } from 'lru-cache';
import { limits } from '#limits.ts';
import type { Services } from '#services.ts';
import type { OpenedRevision } from './repository-page.ts';
import { escapeHtml, type SafeHtml, trustHtml } from './text/escape.ts';
import type { MarkdownBase } from './text/markdown-links.ts';
import { type CommitRow, commitRow } from './view-models/commit-row.ts';
import { displayName } from './view-models/file-name.ts';
import { joinPath } from './view-models/path-part.ts';
import { type RepositoryName, viewUrl } from './view-models/repository-links.ts';
import { type TreeRow, type TreeRowChange, treeRow, treeRowChange } from './view-models/tree-row.ts';

export interface Folder {
  readonly rows: readonly TreeRow[];
  /** Entries beyond what a page lists. */
  readonly hiddenCount: number;
  /** Whether the last change of every row is known; another request for the page finds more of them. */
  readonly isComplete: boolean;
  /** The newest commit that changed anything in it. */
  readonly latest: CommitRow | undefined;
  readonly readme: Readme | undefined;
}

export interface Readme {
  readonly name: string;
  readonly href: string;
  readonly html: SafeHtml;
}

type Changes = ReadonlyMap<string, TreeRowChange>;

/** By the name of the repository, for the links. A folder of a commit never changes, so neither does what changed its entries last. */
const knownChanges = new LRUCache<string, Changes>({
  maxSize: limits.folderChangesMax,
  sizeCalculation: (changes) => changes.size + 1,
});

const MARKDOWN_NAME = /\.(?:md|markdown|mdown|mkdn?)$/i;

export async function readFolder(
  services: Pick<Services, 'browse' | 'textRenderer'>,
  opened: OpenedRevision,
  treeId: string,
  path: string,
): Promise<Folder> {
  const { snapshot, found, head, revision } = opened;
  const { browse } = services;
  const [listing, latest] = await Promise.all([
    browse.listTree(snapshot.objects, treeId),
    browse.findLastCommit(snapshot, found.commitId, path),
  ]);
  const { changes, isComplete } = await findChanges(browse, opened, latest?.id ?? found.commitId, path);
  const place = { repository: head, revision: revision.name, folder: path };
  return {
    rows: listing.entries.map((entry) => treeRow(entry, changes.get(entry.name), place)),
    hiddenCount: listing.totalCount - listing.entries.length,
    isComplete,
    latest: latest && commitRow(latest, head),
    readme: listing.readme && (await readReadme(services, opened, listing.readme, path)),
  };
}

/** @param commitId the newest that changed the folder: its entries are the same ever since */
async function findChanges(
  browse: Services['browse'],
  { snapshot, head }: OpenedRevision,
  commitId: string,
  path: string,
): Promise<{ changes: Changes; isComplete: boolean }> {
  const key = `${head.owner}/${head.name} ${commitId} ${path}`;
  const known = knownChanges.get(key);
  if (known !== undefined) return { changes: known, isComplete: true };
  const { byName, isComplete } = await browse.findLastCommits(snapshot, { commitId, directory: path });
  const changes = new Map([...byName].map(([name, commit]) => [name, treeRowChange(commit, head)]));
  if (isComplete) knownChanges.set(key, changes);
  return { changes, isComplete };
}

export function isMarkdown(fileName: string): boolean {
  return MARKDOWN_NAME.test(fileName);
}

/** @param folder of the document; empty for the root */
export function markdownBase(repository: RepositoryName, revision: string, folder: string): MarkdownBase {
  const root = (view: 'blob' | 'raw') => `${viewUrl(repository, view, revision)}/`;
  const below = (view: 'blob' | 'raw') =>
    folder === '' ? root(view) : `${viewUrl(repository, view, revision, folder)}/`;
  return { blobFolder: below('blob'), rawFolder: below('raw'), blobRoot: root('blob'), rawRoot: root('raw') };
}

async function readReadme(
  services: Pick<Services, 'browse' | 'textRenderer'>,
  { snapshot, head, revision }: OpenedRevision,
  entry: { readonly id: string; readonly name: string },
  folder: string,
): Promise<Readme | undefined> {
  const content = await services.browse.readBlob(snapshot.objects, entry.id);
  if (content.kind !== 'text' || content.text.trim() === '') return undefined;
  const base = markdownBase(head, revision.name, folder);
  const html = isMarkdown(entry.name)
    ? await services.textRenderer.markdown({ blobId: entry.id, text: content.text, base })
    : trustHtml(`<pre>${escapeHtml(content.text)}</pre>`);
  const href = viewUrl(head, 'blob', revision.name, joinPath(folder, entry.name));
  return { name: displayName(entry.name), href, html };
}
