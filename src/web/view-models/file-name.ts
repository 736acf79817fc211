/** Names of files and refs as a page shows them. A name in Git is bytes, of which only NUL and `/` are forbidden. */
import { decodeLenient } from '#bytes/utf8.ts';

const CONTROL_PICTURES = 0x2400;
const DELETE_PICTURE = '\u2421';

/** Text with each control character as its picture (␊ for a line end), so that a name stays on its line. */
export function displayName(name: string | Uint8Array): string {
  const text = typeof name === 'string' ? name : decodeLenient(name);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, picture);
}

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code === 0x7f) return DELETE_PICTURE;
  return code < 0x20 ? String.fromCharCode(CONTROL_PICTURES + code) : '\ufffd';
}
