/**
 * Path templates of routes: `/repos/{owner}/{repo}/contents/{path*}`. `{name}` is one segment, `{name+}` one or more to the
 * end, `{name*}` none or more to the end. A path is matched as it was sent, segment by segment and each decoded on its own:
 * neither `..` nor `%2F` is ever resolved, so a ref or a file name arrives as its owner wrote it.
 */
export interface PathTemplate {
  readonly text: string;
  readonly segments: readonly Segment[];
}

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'rest'; readonly name: string; readonly segmentsMin: 0 | 1 };

export function parsePathTemplate(text: string): PathTemplate {
  return { text, segments: text.split('/').slice(1).filter(Boolean).map(parseSegment) };
}

/** The template as OpenAPI writes it: without the marks for several segments. */
export function openApiPath(template: PathTemplate): string {
  return template.text.replaceAll(/[+*]\}/g, '}');
}

/**
 * @param path as sent, without query, such as `/repos/a/b/contents/src%20x/y.ts`
 * @returns the decoded parameters; undefined when the path is another one, or is not percent-encoded UTF-8
 */
export function matchPath(template: PathTemplate, path: string): Record<string, string> | undefined {
  const sent = path === '/' || path === '' ? [] : path.split('/').slice(1);
  const parameters: Record<string, string> = {};
  for (const [index, segment] of template.segments.entries()) {
    if (segment.kind === 'rest') {
      const rest = sent.slice(index);
      if (rest.length < segment.segmentsMin) return undefined;
      const decoded = rest.map(decodeSegment);
      if (decoded.includes(undefined)) return undefined;
      parameters[segment.name] = decoded.join('/');
      return parameters;
    }
    const text = sent[index];
    if (text === undefined) return undefined;
    if (segment.kind === 'literal') {
      if (segment.text !== text) return undefined;
      continue;
    }
    const decoded = decodeSegment(text);
    if (!decoded) return undefined;
    parameters[segment.name] = decoded;
  }
  return sent.length === template.segments.length ? parameters : undefined;
}

/** Orders templates so that the first match is the most exact one: literals before parameters before rests. */
export function compareSpecificity(a: PathTemplate, b: PathTemplate): number {
  const length = Math.max(a.segments.length, b.segments.length);
  for (let index = 0; index < length; index++) {
    const difference = rank(a.segments[index]) - rank(b.segments[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function parseSegment(text: string): Segment {
  const match = /^\{(\w+)([+*]?)\}$/.exec(text);
  if (!match?.[1]) return { kind: 'literal', text };
  if (!match[2]) return { kind: 'parameter', name: match[1] };
  return { kind: 'rest', name: match[1], segmentsMin: match[2] === '+' ? 1 : 0 };
}

function decodeSegment(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function rank(segment: Segment | undefined): number {
  if (!segment) return 3;
  return segment.kind === 'literal' ? 0 : segment.kind === 'parameter' ? 1 : 2;
}
