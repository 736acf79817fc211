/** Where the links and images of a document in a repository lead. */
export interface MarkdownBase {
  /** URL path of the document's folder in the blob view, ending in `/`: `/ada/engine/blob/main/docs/`. */
  readonly blobFolder: string;
  /** The same in the raw view. */
  readonly rawFolder: string;
  /** URL paths of the tree's root in both views, for links that begin with `/`. */
  readonly blobRoot: string;
  readonly rawRoot: string;
}

/** Prefix of every id that a document defines, so that none can stand in for an id or a global of the page's own. */
export const USER_ID_PREFIX = 'user-content-';

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
/** Browsers drop these inside a URL, so `java\nscript:` would be one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const IGNORED_BY_BROWSERS = /[\u0000-\u0020\u007f-\u009f]+/g;

/** @returns undefined when the link may not be followed: a scheme other than http, https and mailto */
export function resolveLink(href: string, base: MarkdownBase | undefined): string | undefined {
  const link = href.replace(IGNORED_BY_BROWSERS, '');
  if (link.startsWith('#')) return `#${USER_ID_PREFIX}${link.slice(1).replace(/^user-content-/, '')}`;
  if (SCHEME.test(link)) return /^(https?|mailto):/i.test(link) ? link : undefined;
  return base === undefined ? undefined : resolveWithin(link, base.blobFolder, base.blobRoot);
}

/** @returns undefined for schemes other than http and https; `data:` is one of those */
export function resolveImage(source: string, base: MarkdownBase | undefined): string | undefined {
  const link = source.replace(IGNORED_BY_BROWSERS, '');
  if (SCHEME.test(link)) return /^https?:/i.test(link) ? link : undefined;
  return base === undefined ? undefined : resolveWithin(link, base.rawFolder, base.rawRoot);
}

/** `srcset`: candidates separated by commas, each a URL and a descriptor. */
export function resolveImageSet(sourceSet: string, base: MarkdownBase | undefined): string | undefined {
  const candidates = sourceSet.split(',').flatMap((candidate) => {
    const [source = '', descriptor = ''] = candidate.trim().split(/\s+/, 2);
    const resolved = source === '' ? undefined : resolveImage(source, base);
    return resolved === undefined
      ? []
      : [/^\d+(\.\d+)?[wx]$/.test(descriptor) ? `${resolved} ${descriptor}` : resolved];
  });
  return candidates.length === 0 ? undefined : candidates.join(', ');
}

/** Whether the resolved link leaves this site. */
export function isExternal(link: string): boolean {
  return /^https?:/i.test(link);
}

function resolveWithin(link: string, folder: string, root: string): string | undefined {
  if (/^[/\\]{2}/.test(link)) return undefined;
  const origin = 'http://repository.invalid';
  const target = link.startsWith('/') ? `${root}${link.slice(1)}` : link;
  const url = URL.parse(target, origin + folder);
  return url?.origin === origin ? url.pathname + url.search + url.hash : undefined;
}
