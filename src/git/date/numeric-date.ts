/** Numbers with something between them: times and dates in the orders of all countries — `date.c`, "match_multi_number". */
import { type BrokenDownTime, breakDown, strictSeconds, UNKNOWN } from './broken-down-time.ts';
import { isDigit, readNumber } from './date-words.ts';

const TEN_DAYS_SECONDS = 10 * 24 * 3_600;

/**
 * Reads `12:30`, `2006-05-07`, `7.5.2006`, `5/7/06` and their kind into a time.
 *
 * @param number the first, which ends at `end`
 * @returns the offset behind it; undefined when it is none
 */
export function readNumericDate(
  text: string,
  number: number,
  end: number,
  time: BrokenDownTime,
  nowSeconds: number,
): number | undefined {
  const separator = text[end];
  if (separator === undefined || !':./-'.includes(separator) || !isDigit(text[end + 1])) return undefined;
  const second = readNumber(text, end + 1);
  const hasThird = text[second.end] === separator && isDigit(text[second.end + 1]);
  const third = hasThird ? readNumber(text, second.end + 1) : { value: UNKNOWN, end: second.end };
  if (separator !== ':') {
    return readDate([number, second.value, third.value], separator, time, nowSeconds) ? third.end : undefined;
  }
  if (!setTime(number, second.value, Math.max(0, third.value), time)) return undefined;
  // Fractions of a second are dropped; without a date they are one.
  return text[third.end] === '.' && isDigit(text[third.end + 1]) && isDateKnown(time)
    ? readNumber(text, third.end + 1).end
    : third.end;
}

/** @returns false when the numbers are no time of a day; the 61st second is one */
export function setTime(hour: number, minute: number, second: number, time: BrokenDownTime): boolean {
  if (hour < 0 || hour > 24 || minute < 0 || minute >= 60 || second < 0 || second > 60) return false;
  Object.assign(time, { hour, minute, second });
  return true;
}

/** Any date of the years that there are. */
export function setDate(year: number, month: number, day: number, time: BrokenDownTime): boolean {
  if (!isDayOfYear(month, day)) return false;
  // Month and day stay, whatever becomes of the year.
  Object.assign(time, { month: month - 1, day });
  const years = yearsSince1900(year);
  if (years !== undefined) time.year = years;
  return years !== undefined;
}

function readDate(
  [one, two, three]: readonly [number, number, number],
  separator: string,
  time: BrokenDownTime,
  nowSeconds: number,
): boolean {
  if (one > 70 && (setDate(one, two, three, time) || setDate(one, three, two, time))) return true;
  const setPast = (year: number, month: number, day: number) => setPastDate(year, month, day, time, nowSeconds);
  // With dots the day comes first, else the month; the other way where that is no date.
  if (separator !== '.' && setPast(three, one, two)) return true;
  if (setPast(three, two, one)) return true;
  return separator === '.' && setPast(three, one, two);
}

/** A date that is at most ten days from now, in this year if none is named. */
function setPastDate(year: number, month: number, day: number, time: BrokenDownTime, nowSeconds: number): boolean {
  if (!isDayOfYear(month, day)) return false;
  const years = year === UNKNOWN ? breakDown(nowSeconds).year : yearsSince1900(year);
  if (years === undefined) return false;
  const seconds = strictSeconds({ ...time, year: years, month: month - 1, day });
  if (seconds !== undefined && nowSeconds + TEN_DAYS_SECONDS < seconds) return false;
  Object.assign(time, { month: month - 1, day });
  if (year !== UNKNOWN) time.year = years;
  return true;
}

function isDayOfYear(month: number, day: number): boolean {
  return month > 0 && month < 13 && day > 0 && day < 32;
}

function yearsSince1900(year: number): number | undefined {
  if (year >= 1970 && year < 2100) return year - 1900;
  if (year > 70 && year < 100) return year;
  return year !== UNKNOWN && year < 38 ? year + 100 : undefined;
}

function isDateKnown({ year, month, day }: BrokenDownTime): boolean {
  return year !== UNKNOWN && month !== UNKNOWN && day !== UNKNOWN;
}
