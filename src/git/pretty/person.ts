/** Who a commit says made it, taken apart as git does — `ident.c`, "split_ident_line"; `pretty.c`, "format_person_part". */

import type { Mailmap } from './mailmap.ts';
import { type DateStyle, type Moment, showDate } from './show-date.ts';

/** Texts are byte strings. */
export interface Person {
  readonly name: string;
  readonly email: string;
  /** Undefined where the line has no whole date: digits and a zone. */
  readonly date: { readonly digits: string; readonly zone: string } | undefined;
}

/** @returns undefined for a line that names nobody */
export function splitPerson(line: string): Person | undefined {
  const [, name, email] = /^([^<\0]*)<([^>]*)>/.exec(line) ?? [];
  if (name === undefined || email === undefined) return undefined;
  const [, digits, zone] = /^[ \t\n\r]*(\d+)[ \t\n\r]*([+-]\d+)/.exec(line.slice(line.lastIndexOf('>') + 1)) ?? [];
  const date = digits === undefined || zone === undefined ? undefined : { digits, zone };
  return { name: name.replace(/[ \t\n\r]+$/, ''), email, date };
}

const DATE_STYLES: Readonly<Record<string, DateStyle>> = {
  d: 'default',
  D: 'rfc2822',
  r: 'relative',
  i: 'iso8601',
  I: 'iso8601-strict',
  h: 'human',
  s: 'short',
};
/** Those that stand for nothing, rather than for themselves, where the line lacks what they name. */
const EMPTY_WHEN_MISSING = 'netdDri';

export interface PersonContext {
  readonly mailmap: () => Promise<Mailmap>;
  readonly nowSeconds: number;
}

/**
 * @param part the letter behind `%a` or `%c`
 * @returns undefined when there is no such placeholder
 */
export async function formatPersonPart(
  line: string,
  part: string,
  { mailmap, nowSeconds }: PersonContext,
): Promise<string | undefined> {
  const person = splitPerson(line);
  const missing = EMPTY_WHEN_MISSING.includes(part) && part !== '' ? '' : undefined;
  if (person === undefined) return missing;
  const { name, email } = 'NEL'.includes(part) && part !== '' ? (await mailmap()).map(person) : person;
  switch (part) {
    case 'n':
    case 'N':
      return name;
    case 'e':
    case 'E':
      return email;
    case 'l':
    case 'L':
      return email.split('@', 1)[0];
  }
  if (person.date === undefined) return missing;
  if (part === 't') return person.date.digits;
  const style = DATE_STYLES[part];
  return style === undefined ? missing : showDate(momentOf(person.date), style, nowSeconds);
}

function momentOf({ digits, zone }: NonNullable<Person['date']>): Moment {
  const [seconds, zoneNumber] = [Number(digits), Number(zone)];
  // Beyond 64 bits git takes it for none.
  if (seconds >= 2 ** 63) return { seconds: 0, zone: 0 };
  return { seconds, zone: Math.abs(zoneNumber) >= 0x7fffffff ? 0 : zoneNumber };
}
