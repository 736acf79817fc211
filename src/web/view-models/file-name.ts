/** Names of files and refs as a page shows them. In Git only NUL and `/` are forbidden. */
const CONTROL_PICTURES = 0x2400;
/** Signs that every font has, for the three that occur. */
const COMMON_SIGNS: Readonly<Record<string, string>> = { '\n': '↵', '\r': '←', '\t': '→', '\x7f': '⌦' };

/** Text with each control character as a sign (↵ for a line end), so that a name stays on its line. */
export function displayName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return name.replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, picture);
}

function picture(character: string): string {
  const code = character.charCodeAt(0);
  return COMMON_SIGNS[character] ?? (code < 0x20 ? String.fromCharCode(CONTROL_PICTURES + code) : '\ufffd');
}
