/** What the page of a file shows. */
import type { ListedEntry } from '#browse/tree-listing.ts';
import { type LfsPointer, parsePointer } from '#lfs/lfs-pointer.ts';
import type { Services } from '#services.ts';
import { isMarkdown, markdownBase } from './folder-page.ts';
import type { OpenedRevision } from './repository-page.ts';
import { codeTable } from './text/code-table.ts';
import type { SafeHtml } from './text/escape.ts';
import { type Language, languageOf } from './text/language.ts';
import { folderOf } from './view-models/path-part.ts';
import { countOf, formatSize } from './view-models/quantity.ts';

export interface FileModel {
  /** Short texts for the head: lines, size, language. */
  readonly facts: readonly string[];
  /** Whether there is a rendered form beside the source. */
  readonly hasDocument: boolean;
  readonly content: FileContent;
}

export type FileContent =
  | { readonly kind: 'code'; readonly html: SafeHtml }
  | { readonly kind: 'document'; readonly html: SafeHtml }
  | { readonly kind: 'image' }
  | LargeFile
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'notice'; readonly title: string; readonly text: string };

/** What a pointer of Git LFS stands for. */
export interface LargeFile {
  readonly kind: 'large-file';
  readonly oid: string;
  readonly sizeBytes: number;
  /** `missing`: its pointer was pushed, and it never was. */
  readonly state: 'stored' | 'missing';
  readonly isImage: boolean;
}

/** What browsers show as pictures. SVG is one of them: as the source of an <img> it can run nothing. */
const IMAGE_NAME = /\.(?:png|jpe?g|gif|webp|avif|bmp|ico|svg)$/i;

export async function readFile(
  services: Pick<Services, 'browse' | 'textRenderer' | 'lfsObjects'>,
  opened: OpenedRevision,
  entry: ListedEntry,
  form: 'rendered' | 'source',
): Promise<FileModel> {
  const content = await services.browse.readBlob(opened.snapshot.objects, entry.id);
  const isImage = IMAGE_NAME.test(entry.name) && entry.kind !== 'symlink';
  switch (content.kind) {
    case 'not-a-blob':
      throw new TypeError(`read file: entry "${entry.name}" has the mode of a file, but ${entry.id} is none`);
    case 'too-large':
      return file([formatSize(content.sizeBytes)], isImage ? { kind: 'image' } : TOO_LARGE);
    case 'binary':
      return file([formatSize(content.sizeBytes)], isImage ? { kind: 'image' } : BINARY);
    case 'text': {
      if (entry.kind === 'symlink') return file(['Symbolic link'], { kind: 'symlink', target: content.text });
      const pointer = form === 'rendered' ? parsePointer(Buffer.from(content.text)) : undefined;
      if (pointer !== undefined) return pointedFile(services, opened.repository.id, pointer, isImage);
      const language = languageOf(entry.name, content.text);
      const facts = textFacts(content, language, entry);
      if (isImage && form === 'rendered') return { facts, hasDocument: true, content: { kind: 'image' } };
      if (content.text === '') return file(facts, EMPTY);
      const hasDocument = isImage || isMarkdown(entry.name);
      return isMarkdown(entry.name) && form === 'rendered'
        ? { facts, hasDocument, content: await renderDocument(services, opened, entry, content.text) }
        : { facts, hasDocument, content: await renderCode(services, entry, content.text, language) };
    }
  }
}

const BINARY: FileContent = { kind: 'notice', title: 'A binary file', text: 'It cannot be shown as text.' };
const TOO_LARGE: FileContent = { kind: 'notice', title: 'A large file', text: 'It is larger than a page can show.' };
const EMPTY: FileContent = { kind: 'notice', title: 'An empty file', text: 'It has no content.' };

function file(facts: readonly string[], content: FileContent): FileModel {
  return { facts, hasDocument: false, content };
}

/** The raw file is what the pointer points to; the pointer itself is the source. */
async function pointedFile(
  { lfsObjects }: Pick<Services, 'lfsObjects'>,
  repositoryId: number,
  { oid, sizeBytes }: LfsPointer,
  isImage: boolean,
): Promise<FileModel> {
  const object = await lfsObjects.find(repositoryId, oid);
  const state = object === undefined ? 'missing' : 'stored';
  return {
    facts: [formatSize(object?.sizeBytes ?? sizeBytes), 'Git LFS'],
    hasDocument: true,
    content: { kind: 'large-file', oid, sizeBytes: object?.sizeBytes ?? sizeBytes, state, isImage },
  };
}

function textFacts(
  content: { readonly lines: readonly string[]; readonly sizeBytes: number; readonly encoding: string },
  language: Language | undefined,
  entry: ListedEntry,
): string[] {
  return [
    countOf(content.lines.length, 'line'),
    formatSize(content.sizeBytes),
    language?.name ?? '',
    entry.kind === 'executable' ? 'Executable' : '',
    content.encoding === 'utf-8' ? '' : 'Not UTF-8: shown as Latin-1',
  ].filter((fact) => fact !== '');
}

async function renderDocument(
  { textRenderer }: Pick<Services, 'textRenderer'>,
  { head, revision, found }: OpenedRevision,
  entry: ListedEntry,
  text: string,
): Promise<FileContent> {
  const base = markdownBase(head, revision.name, folderOf(found.path));
  return { kind: 'document', html: await textRenderer.markdown({ blobId: entry.id, text, base }) };
}

async function renderCode(
  { textRenderer }: Pick<Services, 'textRenderer'>,
  entry: ListedEntry,
  text: string,
  language: Language | undefined,
): Promise<FileContent> {
  const { lines, isFinal } = await textRenderer.highlight({ blobId: entry.id, text, languageId: language?.id });
  return { kind: 'code', html: codeTable(lines, isFinal) };
}
