/** Words of dates: months, weekdays, time zones — `date.c`. */

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

export const WEEKDAYS = ['Sundays', 'Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays'] as const;

/** Hours from Greenwich. Where they say summer, the hour is in them. */
export const TIME_ZONES: readonly (readonly [name: string, hours: number])[] = [
  ['IDLW', -12],
  ['NT', -11],
  ['CAT', -10],
  ['HST', -10],
  ['HDT', -9],
  ['YST', -9],
  ['YDT', -8],
  ['PST', -8],
  ['PDT', -7],
  ['MST', -7],
  ['MDT', -6],
  ['CST', -6],
  ['CDT', -5],
  ['EST', -5],
  ['EDT', -4],
  ['AST', -3],
  ['ADT', -2],
  ['WAT', -1],
  ['GMT', 0],
  ['UTC', 0],
  ['Z', 0],
  ['WET', 0],
  ['BST', 1],
  ['CET', 1],
  ['MET', 1],
  ['MEWT', 1],
  ['MEST', 2],
  ['CEST', 2],
  ['MESZ', 2],
  ['FWT', 1],
  ['FST', 2],
  ['EET', 2],
  ['EEST', 3],
  ['WAST', 7],
  ['WADT', 8],
  ['CCT', 8],
  ['JST', 9],
  ['EAST', 10],
  ['EADT', 11],
  ['GST', 10],
  ['NZT', 12],
  ['NZST', 12],
  ['NZDT', 13],
  ['IDLE', 12],
];

export function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

export function isLetter(character: string | undefined): boolean {
  return character !== undefined && /^[A-Za-z]$/.test(character);
}

/**
 * How many letters of a word a text begins with, if the word goes on as the text does until that ends: `date.c`, "match_string".
 *
 * @returns 0 when a letter or digit of the text is another one
 */
export function matchWord(text: string, at: number, word: string): number {
  let length = 0;
  for (; at + length < text.length; length++) {
    const character = text[at + length] as string;
    if (character.toUpperCase() === word[length]?.toUpperCase()) continue;
    return isDigit(character) || isLetter(character) ? 0 : length;
  }
  return length;
}

/** The number of the first of some words that matches at least three letters. */
export function findWord(
  text: string,
  at: number,
  words: readonly string[],
): { index: number; length: number } | undefined {
  for (const [index, word] of words.entries()) {
    const length = matchWord(text, at, word);
    if (length >= 3) return { index, length };
  }
  return undefined;
}

/** The digits at a place, as C reads them into 64 bits. */
export function readNumber(text: string, at: number): { value: number; end: number } {
  let end = at;
  while (isDigit(text[end])) end++;
  return { value: end - at > 19 ? 2 ** 64 : Number(text.slice(at, end)), end };
}
