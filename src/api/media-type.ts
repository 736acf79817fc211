/**
 * What the Accept header asks for. GitHub's custom media types name a representation beside JSON:
 * `application/vnd.github.raw+json`, `application/vnd.github.v3.diff`. Previews and anything unknown mean JSON.
 */
export type Representation = 'json' | 'raw' | 'html' | 'text' | 'full' | 'object' | 'diff' | 'patch' | 'sha';

const REPRESENTATIONS: ReadonlySet<string> = new Set(['raw', 'html', 'text', 'full', 'object', 'diff', 'patch', 'sha']);

export function parseAccept(accept: string | undefined): Representation {
  for (const range of (accept ?? '').split(',')) {
    const [type = ''] = range.trim().toLowerCase().split(';');
    const match = /^application\/vnd\.github(?:\.v3)?\.([a-z]+)(?:\+json)?$/.exec(type.trim());
    if (match?.[1] && REPRESENTATIONS.has(match[1])) return match[1] as Representation;
  }
  return 'json';
}

/** The value of X-GitHub-Media-Type: how the Accept header was understood. */
export function describeMediaType(representation: Representation): string {
  return representation === 'json' ? 'github.v3; format=json' : `github.v3; param=${representation}; format=json`;
}
