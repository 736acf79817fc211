/**
 * The pattern for `like` and `ilike` that finds a text anywhere, whatever characters it holds. NUL, which Postgres refuses and
 * no stored text has, counts as a blank.
 */
export function toLikePattern(text: string): string {
  return `%${text.replaceAll('\0', ' ').replace(/[\\%_]/g, '\\$&')}%`;
}
