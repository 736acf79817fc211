/**
 * The address as Astro's router gets it. It decodes paths more than once, refuses those that are not UTF-8 and loses those with
 * a line end, all of which names in Git may be. So escapes in the path become plain characters; pages read `locals.rawUrl`,
 * and no page of ours has an address that needs one.
 */
export function routableUrl(rawUrl: string): string {
  const [path = '', ...query] = rawUrl.split('?');
  return [path.replace(/%[0-9a-fA-F]{2}|%/g, '_'), ...query].join('?');
}
