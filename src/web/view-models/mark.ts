/** The letter and tint that stand for an account until it has a picture. */
const TINT_COUNT = 6;

export interface Mark {
  readonly letter: string;
  /** 0 to 5: a class of `styles/controls.css`. */
  readonly tint: number;
}

export function markOf(name: string): Mark {
  const letter = [...name.trim()].find((character) => /[\p{L}\p{N}]/u.test(character)) ?? '?';
  let hash = 0;
  for (const character of name.toLowerCase()) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return { letter, tint: hash % TINT_COUNT };
}
