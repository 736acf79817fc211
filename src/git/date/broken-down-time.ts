/** A point in time in its parts, of which some may be unknown — `struct tm` of C, as `date.c` of git uses it. Times are UTC. */

export interface BrokenDownTime {
  /** From 1900 on. */
  year: number;
  /** From 0 on. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  weekday: number;
}

/** What is not known yet. */
export const UNKNOWN = -1;

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334] as const;

/** gmtime(3). */
export function breakDown(seconds: number): BrokenDownTime {
  const date = new Date(seconds * 1_000);
  return {
    year: date.getUTCFullYear() - 1900,
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
  };
}

/** mktime(3): parts that are too large or too small count on in the next. @returns NaN beyond what a `Date` can hold */
export function putTogether({ year, month, day, hour, minute, second }: BrokenDownTime): number {
  const date = new Date(0);
  date.setUTCFullYear(year + 1900, month, day);
  date.setUTCHours(hour, minute, second);
  return date.getTime() / 1_000;
}

/** `date.c`, "tm_to_time_t": nothing counts on. @returns undefined when a part is unknown, or the year none of 1970 to 2099 */
export function strictSeconds({ year, month, day, hour, minute, second }: BrokenDownTime): number | undefined {
  const years = year - 70;
  if (years < 0 || years > 129 || month < 0 || month > 11 || hour < 0 || minute < 0 || second < 0) return undefined;
  const isBeforeLeapDay = month < 2 || (years + 2) % 4 !== 0;
  const days = (DAYS_BEFORE_MONTH[month] as number) + day - (isBeforeLeapDay ? 1 : 0);
  return (years * 365 + Math.floor((years + 1) / 4) + days) * 86_400 + hour * 3_600 + minute * 60 + second;
}
