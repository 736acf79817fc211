/** What lies at a path: a file, a directory, a symbolic link or a submodule. */
import { z } from 'zod';
import { type EntryKind, entryKindOf } from '#git/object/file-mode.ts';
import type { TreeEntry } from '#git/object/tree.ts';
import { type BaseUrls, encodePath } from '../hypermedia.ts';
import { base64Lines } from './git-object.ts';
import { type RepositoryNames, repositoryUrls } from './repository-link.ts';

const entrySchema = z.object({
  type: z.enum(['file', 'dir', 'symlink', 'submodule']),
  size: z.number().int(),
  name: z.string(),
  path: z.string(),
  sha: z.string(),
  url: z.string(),
  git_url: z.string().nullable(),
  html_url: z.string().nullable(),
  download_url: z.string().nullable(),
  _links: z.object({ self: z.string(), git: z.string().nullable(), html: z.string().nullable() }),
});

export const contentFileSchema = entrySchema
  .extend({
    type: z.literal('file'),
    content: z.string(),
    encoding: z.enum(['base64', 'none']).describe('`none`: too large to be sent here; ask for the raw media type.'),
  })
  .meta({ title: 'Content File' });

const contentDirectorySchema = z.array(entrySchema).meta({ title: 'Content Directory' });

const contentTreeSchema = entrySchema
  .extend({ type: z.literal('dir'), entries: contentDirectorySchema })
  .meta({ title: 'Content Tree' });

const contentSymlinkSchema = entrySchema
  .extend({ type: z.literal('symlink'), target: z.string() })
  .meta({ title: 'Content Symlink' });

const contentSubmoduleSchema = entrySchema
  .extend({ type: z.literal('submodule'), submodule_git_url: z.string().nullable() })
  .meta({ title: 'Content Submodule' });

export const contentSchema = z.union([
  contentDirectorySchema,
  contentTreeSchema,
  contentFileSchema,
  contentSymlinkSchema,
  contentSubmoduleSchema,
]);

type ContentEntry = z.infer<typeof entrySchema>;

export interface ContentContext {
  readonly repository: RepositoryNames;
  /** As the caller named it: links lead to the same one. */
  readonly revision: string;
  readonly urls: BaseUrls;
}

/** A tree entry with where it lies. */
export interface LocatedEntry {
  readonly path: string;
  readonly entry: Pick<TreeEntry, 'mode' | 'name' | 'id'>;
  readonly sizeBytes: number;
}

const CONTENT_TYPE: Readonly<Record<EntryKind, ContentEntry['type']>> = {
  tree: 'dir',
  file: 'file',
  executable: 'file',
  symlink: 'symlink',
  gitlink: 'submodule',
};

/** In listings a submodule counts as a file: GitHub keeps that for old clients. */
export function directoryItem(located: LocatedEntry, context: ContentContext): ContentEntry {
  const item = contentEntry(located, context);
  return item.type === 'submodule' ? { ...item, type: 'file' } : item;
}

export function contentTree(
  located: LocatedEntry,
  entries: ContentEntry[],
  context: ContentContext,
): z.infer<typeof contentTreeSchema> {
  return { ...contentEntry(located, context), type: 'dir', entries };
}

/** @param bytes undefined when they are too many to send */
export function contentFile(
  located: LocatedEntry,
  bytes: Uint8Array | undefined,
  context: ContentContext,
): z.infer<typeof contentFileSchema> {
  const content = bytes
    ? ({ content: base64Lines(bytes), encoding: 'base64' } as const)
    : ({ content: '', encoding: 'none' } as const);
  return { ...contentEntry(located, context), type: 'file', ...content };
}

export function contentSymlink(
  located: LocatedEntry,
  target: string,
  context: ContentContext,
): z.infer<typeof contentSymlinkSchema> {
  return { ...contentEntry(located, context), type: 'symlink', target };
}

export function contentSubmodule(
  located: LocatedEntry,
  submoduleUrl: string | undefined,
  context: ContentContext,
): z.infer<typeof contentSubmoduleSchema> {
  return { ...contentEntry(located, context), type: 'submodule', submodule_git_url: submoduleUrl ?? null };
}

function contentEntry({ path, entry, sizeBytes }: LocatedEntry, context: ContentContext): ContentEntry {
  const { api, web } = repositoryUrls(context.repository, context.urls);
  const type = CONTENT_TYPE[entryKindOf(entry.mode)];
  const place = `${encodePath(context.revision)}/${encodePath(path)}`;
  const self = `${api}/contents/${encodePath(path)}?ref=${encodeURIComponent(context.revision)}`;
  const page = `${web}/${type === 'dir' ? 'tree' : 'blob'}/${place}`;
  // A submodule's commit lies in another repository: there is nothing here to link to.
  const git = type === 'submodule' ? null : `${api}/git/${type === 'dir' ? 'trees' : 'blobs'}/${entry.id}`;
  const html = type === 'submodule' ? null : page;
  return {
    type,
    size: type === 'dir' || type === 'submodule' ? 0 : sizeBytes,
    name: entry.name,
    path,
    sha: entry.id,
    url: self,
    git_url: git,
    html_url: html,
    download_url: type === 'file' || type === 'symlink' ? `${web}/raw/${place}` : null,
    _links: { self, git, html },
  };
}
