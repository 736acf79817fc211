/** Colours by name, as escape sequences of a terminal — git-config(1), "color"; `color.c`, "color_parse_mem". */

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
/** What turns each on, and off again. */
const ATTRIBUTES: Readonly<Record<string, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  ul: [4, 24],
  blink: [5, 25],
  reverse: [7, 27],
  strike: [9, 29],
};
const BACKGROUND = 10;

/** A colour for the foreground; `first` moves by ten for the background. Undefined: what there is anyway. */
type Color = { readonly first: number; readonly rest: readonly number[] } | undefined;

/** @returns undefined for what names no colour */
export function parseColor(text: string): string | undefined {
  const words = text.split(/[ \t\n\r]+/).filter((word) => word !== '');
  const colors: Color[] = [];
  const attributes = new Set<number>();
  let hasReset = false;
  for (const word of words) {
    if (word.toLowerCase() === 'reset') {
      hasReset = true;
      continue;
    }
    const color = parseWord(word);
    const attribute = parseAttribute(word);
    if (color !== 'none' && colors.length < 2) colors.push(color);
    else if (color === 'none' && attribute !== undefined) attributes.add(attribute);
    else return undefined;
  }
  return escapeSequence(hasReset, attributes, colors);
}

function escapeSequence(hasReset: boolean, attributes: ReadonlySet<number>, colors: readonly Color[]): string {
  const codes = [...attributes].sort((a, b) => a - b);
  colors.forEach((color, index) => {
    if (color !== undefined) codes.push(color.first + index * BACKGROUND, ...color.rest);
  });
  if (!hasReset && codes.length === 0) return '';
  return `\x1b[${hasReset && codes.length > 0 ? ';' : ''}${codes.join(';')}m`;
}

function parseAttribute(word: string): number | undefined {
  const [, no, name = ''] = /^(no-?)?(.*)$/s.exec(word) ?? [];
  return ATTRIBUTES[name]?.[no === undefined ? 0 : 1];
}

function parseWord(word: string): Color | 'none' {
  const name = word.toLowerCase();
  if (name === 'normal' || name === '-1') return undefined;
  if (name === 'default') return { first: 39, rest: [] };
  const rgb = /^#(?:([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})|([0-9a-f])([0-9a-f])([0-9a-f]))$/.exec(name);
  if (rgb) {
    const digits = rgb.slice(1).filter((part) => part !== undefined);
    return { first: 38, rest: [2, ...digits.map((part) => Number.parseInt(part.padStart(2, part), 16))] };
  }
  const isBright = name.startsWith('bright');
  const index = NAMES.indexOf(isBright ? name.slice('bright'.length) : name);
  if (index >= 0) return { first: (isBright ? 90 : 30) + index, rest: [] };
  return /^\+?\d{1,3}$/.test(name) ? numbered(Number(name)) : 'none';
}

function numbered(number: number): Color | 'none' {
  if (number < 8) return { first: 30 + number, rest: [] };
  if (number < 16) return { first: 82 + number, rest: [] };
  return number < 256 ? { first: 38, rest: [5, number] } : 'none';
}
