/** Names in double quotes with C's escapes, as git writes unusual ones — `quote.c`, "unquote_c_style". */

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** @param quoted a byte string that begins with a quote @returns undefined when it is malformed; `end` is behind the closing quote */
export function unquoteCStyle(quoted: string): { text: string; end: number } | undefined {
  let text = '';
  for (let at = 1; at < quoted.length; at++) {
    const character = quoted[at] as string;
    if (character === '"') return { text, end: at + 1 };
    if (character !== '\\') {
      text += character;
      continue;
    }
    const octal = /^[0-3][0-7]{2}/.exec(quoted.slice(at + 1, at + 4))?.[0];
    const escaped = octal ? String.fromCharCode(Number.parseInt(octal, 8)) : ESCAPES[quoted[at + 1] ?? ''];
    if (escaped === undefined) return undefined;
    text += escaped;
    at += octal ? 3 : 1;
  }
  return undefined;
}
