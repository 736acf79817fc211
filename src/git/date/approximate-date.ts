/**
 * Dates as people say them: `yesterday`, `2 days ago`, `last friday at noon`, `5/7/06` — `date.c`, "approxidate_careful". What makes no
 * sense means now.
 */
import { type BrokenDownTime, breakDown, putTogether, UNKNOWN } from './broken-down-time.ts';
import { findWord, isDigit, isLetter, MONTHS, matchWord, readNumber, WEEKDAYS } from './date-words.ts';
import { readNumericDate } from './numeric-date.ts';
import { parseStandardDate } from './standard-date.ts';

const DAY_SECONDS = 24 * 3_600;
const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['seconds', 1],
  ['minutes', 60],
  ['hours', 3_600],
  ['days', DAY_SECONDS],
  ['weeks', 7 * DAY_SECONDS],
];
const NUMBERS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
/** A day that is not named but is that of yesterday, unless one is named later. */
const UNKNOWN_BUT_YESTERDAY = -2;

/** @returns seconds since 1970, in UTC where no time zone is named */
export function approximateDate(text: string, nowSeconds: number): number {
  return parseStandardDate(text, nowSeconds) ?? new Approximation(text, nowSeconds).read();
}

class Approximation {
  readonly #text: string;
  readonly #nowSeconds: number;
  readonly #now: BrokenDownTime;
  readonly #time: BrokenDownTime;
  /** That was read, and means nothing yet; 0 when there is none. */
  #number = 0;

  constructor(text: string, nowSeconds: number) {
    this.#text = text;
    this.#nowSeconds = nowSeconds;
    this.#now = breakDown(nowSeconds);
    this.#time = { ...this.#now, year: UNKNOWN, month: UNKNOWN, day: UNKNOWN };
  }

  read(): number {
    for (let at = 0; at < this.#text.length; ) {
      const character = this.#text[at];
      if (isDigit(character)) at = this.#readDigits(at);
      else if (isLetter(character)) at = this.#readWord(at);
      else at++;
    }
    this.#placeNumber();
    return this.#goBack(0);
  }

  #readDigits(at: number): number {
    this.#placeNumber();
    const { value, end } = readNumber(this.#text, at);
    const numericEnd = readNumericDate(this.#text, value, end, this.#time, this.#nowSeconds);
    if (numericEnd !== undefined) return numericEnd;
    // Zeros in front are for small numbers alone.
    if (this.#text[at] !== '0' || end - at <= 2) this.#number = value | 0;
    return end;
  }

  /** @returns the offset behind its letters */
  #readWord(at: number): number {
    let end = at + 1;
    while (isLetter(this.#text[end])) end++;
    const month = findWord(this.#text, at, MONTHS);
    if (month) this.#time.month = month.index;
    else if (!this.#readSpecial(at)) {
      if (this.#number === 0) this.#readNumberWord(at);
      else this.#readUnit(at);
    }
    return end;
  }

  #readSpecial(at: number): boolean {
    for (const [name, act] of this.#specials) {
      if (matchWord(this.#text, at, name) !== name.length) continue;
      act();
      return true;
    }
    return false;
  }

  readonly #specials: readonly (readonly [name: string, act: () => void])[] = [
    ['yesterday', () => this.#setDay(DAY_SECONDS)],
    ['noon', () => this.#setHour(12)],
    ['midnight', () => this.#setHour(0)],
    ['tea', () => this.#setHour(17)],
    ['PM', () => this.#setHalfDay(12)],
    ['AM', () => this.#setHalfDay(0)],
    ['never', () => this.#setNever()],
    ['now', () => this.#setNow()],
    ['today', () => this.#setToday()],
  ];

  #setDay(secondsAgo: number): void {
    this.#number = 0;
    this.#time.day = UNKNOWN;
    this.#goBack(secondsAgo);
  }

  /** The last time that it was that hour, or that hour of the day that is named. */
  #setHour(hour: number): void {
    this.#placeNumber();
    this.#setFullHour(hour);
  }

  #setFullHour(hour: number): void {
    const { day } = this.#time;
    if (day < 0 && this.#time.hour < hour) this.#time.day = UNKNOWN_BUT_YESTERDAY;
    Object.assign(this.#time, { hour, minute: 0, second: 0 });
  }

  #setHalfDay(hours: number): void {
    if (this.#number !== 0) Object.assign(this.#time, { hour: this.#number, minute: 0, second: 0 });
    this.#number = 0;
    this.#time.hour = (this.#time.hour % 12) + hours;
  }

  #setNever(): void {
    Object.assign(this.#time, breakDown(0));
    this.#number = 0;
  }

  #setNow(): void {
    this.#number = 0;
    this.#goBack(0);
  }

  /** Its beginning, unless a time was named. */
  #setToday(): void {
    const { hour, minute, second } = this.#time;
    const isTimeOpen = hour === this.#now.hour && minute === this.#now.minute && second === this.#now.second;
    if (isTimeOpen) this.#setFullHour(0);
    this.#setDay(0);
  }

  #readNumberWord(at: number): void {
    const number = NUMBERS.findIndex((name) => matchWord(this.#text, at, name) === name.length) + 1;
    if (number > 0) this.#number = number;
    else if (matchWord(this.#text, at, 'last') === 4) this.#number = 1;
  }

  #readUnit(at: number): void {
    const unit = UNITS.find(([name]) => matchWord(this.#text, at, name) >= name.length - 1);
    if (unit) {
      this.#goBack(Math.imul(unit[1], this.#takeNumber()));
      return;
    }
    const weekday = findWord(this.#text, at, WEEKDAYS);
    if (weekday) {
      const days = this.#time.weekday - weekday.index;
      const weeks = this.#takeNumber() - (days <= 0 ? 0 : 1);
      this.#goBack(Math.imul((days + 7 * weeks) | 0, DAY_SECONDS));
    } else if (matchWord(this.#text, at, 'months') >= 5) this.#goBackMonths(this.#takeNumber());
    else if (matchWord(this.#text, at, 'years') >= 4) {
      this.#goBack(0);
      this.#time.year -= this.#takeNumber();
    }
  }

  #goBackMonths(months: number): void {
    this.#goBack(0);
    const month = this.#time.month - months;
    const years = Math.max(0, Math.ceil(-month / 12));
    this.#time.month = month + 12 * years;
    this.#time.year -= years;
  }

  #takeNumber(): number {
    const number = this.#number;
    this.#number = 0;
    return number;
  }

  /** A number that nothing said the meaning of is a day, a month or a year: `Dec 6, 1992`. */
  #placeNumber(): void {
    const number = this.#takeNumber();
    const time = this.#time;
    // A number of more than 32 bits may have become one below zero.
    if (number <= 0) return;
    if (time.day < 0 && number < 32) time.day = number;
    else if (time.month < 0 && number < 13) time.month = number - 1;
    else if (time.year < 0) {
      if (number > 1969 && number < 2100) time.year = number - 1900;
      else if (number > 69 && number < 100) time.year = number;
      else if (number < 38) time.year = 100 + number;
    }
  }

  /** Fills in what is unknown by the present, and goes back from there: `date.c`, "update_tm". */
  #goBack(seconds: number): number {
    const time = this.#time;
    let secondsAgo = seconds;
    if (time.day < 0) {
      if (seconds === 0) secondsAgo = -(time.day + 1) * DAY_SECONDS;
      time.day = this.#now.day;
    }
    if (time.month < 0) time.month = this.#now.month;
    if (time.year < 0) {
      time.year = this.#now.year;
      if (time.month > this.#now.month) time.year--;
    }
    const reached = putTogether(time) - secondsAgo;
    if (!Number.isFinite(reached)) return this.#nowSeconds;
    Object.assign(time, breakDown(reached));
    return reached;
  }
}
