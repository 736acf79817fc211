/** Dates of RFC 2822, ISO 8601 and like them, and seconds since 1970 — git(1), "DATE FORMATS"; `date.c`, "parse_date_basic". */
import { type BrokenDownTime, breakDown, strictSeconds, UNKNOWN } from './broken-down-time.ts';
import { findWord, isDigit, isLetter, MONTHS, matchWord, readNumber, TIME_ZONES, WEEKDAYS } from './date-words.ts';
import { readNumericDate, setDate, setTime } from './numeric-date.ts';

/** From here on a number counts seconds; those with eight digits are dates. */
const SECONDS_MIN = 100_000_000;
/** In the year 275760, where dates of JavaScript end, and in the last one of C's. */
const DATE_SECONDS_MAX = 8_640_000_000_000;
const SECONDS_MAX = 67_768_036_191_676_000;
/** The end of 2099. */
const TIMESTAMP_MAX = ((2100 - 1970) * 365 + 32) * 24 * 3_600 - 1;

interface Reading {
  readonly text: string;
  readonly nowSeconds: number;
  readonly time: BrokenDownTime;
  offsetMinutes: number | undefined;
  /** The time came as seconds: no time zone changes it. */
  isInSeconds: boolean;
}

/** @returns seconds since 1970; undefined when the text names no date and time */
export function parseStandardDate(text: string, nowSeconds: number): number | undefined {
  const header = /^@(\d{1,18}) [+-]\d{4}(?:\n|$)/.exec(text);
  if (header) return Number(header[1]);
  const reading: Reading = { text, nowSeconds, time: unknownTime(), offsetMinutes: undefined, isInSeconds: false };
  for (let at = 0; at < text.length && text[at] !== '\n'; ) at = readOn(reading, at);
  const seconds = strictSeconds(reading.time);
  if (seconds === undefined || reading.isInSeconds) return seconds;
  const shifted = seconds - (reading.offsetMinutes ?? 0) * 60;
  return shifted < 0 || shifted > TIMESTAMP_MAX ? undefined : shifted;
}

function unknownTime(): BrokenDownTime {
  const unknown = UNKNOWN;
  return { year: unknown, month: unknown, day: unknown, hour: unknown, minute: unknown, second: unknown, weekday: 0 };
}

/** @returns the offset behind what was read */
function readOn(reading: Reading, at: number): number {
  const character = reading.text[at] as string;
  if (isLetter(character)) return readLetters(reading, at);
  if (isDigit(character)) return readDigits(reading, at);
  if ((character === '-' || character === '+') && isDigit(reading.text[at + 1])) return readZone(reading, at);
  return at + 1;
}

/** `date.c`, "match_alpha". */
function readLetters(reading: Reading, at: number): number {
  const { text, time } = reading;
  const month = findWord(text, at, MONTHS);
  if (month) {
    time.month = month.index;
    return at + month.length;
  }
  const weekday = findWord(text, at, WEEKDAYS);
  if (weekday) {
    time.weekday = weekday.index;
    return at + weekday.length;
  }
  for (const [name, hours] of TIME_ZONES) {
    const length = matchWord(text, at, name);
    if (length < 3 && length !== name.length) continue;
    reading.offsetMinutes ??= hours * 60;
    return at + length;
  }
  for (const [name, hours] of [['PM', 12] as const, ['AM', 0] as const]) {
    if (matchWord(text, at, name) !== 2) continue;
    time.hour = (time.hour % 12) + hours;
    return at + 2;
  }
  if (text[at] === 'T' && isDigit(text[at + 1]) && time.hour === UNKNOWN) {
    Object.assign(time, { minute: 0, second: 0 });
    return at + 1;
  }
  let end = at + 1;
  while (isLetter(text[end])) end++;
  return end;
}

/** `date.c`, "match_digit". */
function readDigits(reading: Reading, at: number): number {
  const { text, time, nowSeconds } = reading;
  const { value, end } = readNumber(text, at);
  if (value >= SECONDS_MIN && value <= SECONDS_MAX && isBlank(time)) {
    Object.assign(time, breakDown(Math.min(value, DATE_SECONDS_MAX)));
    reading.isInSeconds = true;
    return end;
  }
  return readNumericDate(text, value, end, time, nowSeconds) ?? readLoneNumber(reading, value, at, end);
}

function readLoneNumber(reading: Reading, value: number, at: number, end: number): number {
  const digits = end - at;
  if (digits === 8 || digits === 6) return readCompact(reading, value, digits, end);
  if (readShortTime(reading, value, digits)) return end;
  if (digits === 4) readYearOrZone(reading, value);
  else if (digits <= 2) readSmallNumber(reading.time, value, digits);
  return end;
}

/** `YYYYmmDD` and `HHMMSS`. */
function readCompact({ text, time }: Reading, value: number, digits: 6 | 8, end: number): number {
  const [one, two, three] = [Math.floor(value / 10_000), Math.floor((value % 10_000) / 100), value % 100] as const;
  if (digits === 8) setDate(one, two, three, time);
  else if (setTime(one, two, three, time) && text[end] === '.' && isDigit(text[end + 1])) {
    // Fractions of a second are dropped.
    return readNumber(text, end + 1).end;
  }
  return end;
}

/** `HHMM` or `HH` behind the `T` of ISO 8601. */
function readShortTime({ time }: Reading, value: number, digits: number): boolean {
  if (time.hour !== UNKNOWN || time.minute !== 0 || time.second !== 0) return false;
  const [hour, minute] = digits === 4 ? [Math.floor(value / 100), value % 100] : [value, 0];
  if ((digits === 4 || digits === 2) && !isBlank(time) && setTime(hour, minute, 0, time)) return true;
  Object.assign(time, { minute: UNKNOWN, second: UNKNOWN });
  return false;
}

function readYearOrZone(reading: Reading, value: number): void {
  if (value <= 1400 && reading.offsetMinutes === undefined) {
    reading.offsetMinutes = Math.floor(value / 100) * 60 + (value % 100);
  } else if (value > 1900 && value < 2100) reading.time.year = value - 1900;
}

/** A day rather than a year, and a year rather than a month. */
function readSmallNumber(time: BrokenDownTime, value: number, digits: number): void {
  if (value > 0 && value < 32 && time.day < 0) {
    time.day = value;
    return;
  }
  if (digits === 2 && time.year < 0) {
    if (value < 10 && time.day >= 0) {
      time.year = value + 100;
      return;
    }
    if (value >= 70) {
      time.year = value;
      return;
    }
  }
  if (value > 0 && value < 13 && time.month < 0) time.month = value - 1;
}

/** `date.c`, "match_tz". */
function readZone(reading: Reading, at: number): number {
  const { text } = reading;
  const { value, end } = readNumber(text, at + 1);
  const digits = end - (at + 1);
  const sign = text[at] === '-' ? -1 : 1;
  const set = (hours: number, minutes: number) => {
    if (minutes < 60 && hours < 24) reading.offsetMinutes = sign * (hours * 60 + minutes);
  };
  if (digits === 4) set(Math.floor(value / 100), value % 100);
  else if (digits === 2 && text[end] === ':') {
    const minutes = readNumber(text, end + 1);
    if (minutes.end - (at + 1) === 5) set(value, minutes.value);
    return minutes.end;
  } else if (digits === 2) set(value, 0);
  return end;
}

function isBlank({ year, month, day, hour, minute, second }: BrokenDownTime): boolean {
  return (year & month & day & hour & minute & second) < 0;
}
