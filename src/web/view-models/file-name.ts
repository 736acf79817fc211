/** Names of files and refs as a page shows them. In Git only NUL and `/` are forbidden. */
const CONTROL_PICTURES = 0x2400;
const DELETE_PICTURE = '\u2421';

/** Text with each control character as its picture (␊ for a line end), so that a name stays on its line. */
export function displayName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return name.replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, picture);
}

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code === 0x7f) return DELETE_PICTURE;
  return code < 0x20 ? String.fromCharCode(CONTROL_PICTURES + code) : '\ufffd';
}
