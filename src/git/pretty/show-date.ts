/** Dates as git writes them — git-log(1), "--date"; `date.c`, "show_date". The server's own time zone is UTC. */

export type DateStyle = 'default' | 'rfc2822' | 'relative' | 'iso8601' | 'iso8601-strict' | 'human' | 'short';

export interface Moment {
  /** Since 1970, UTC. */
  readonly seconds: number;
  /** East of UTC as it is written, read as a number: `-0730` is -730. */
  readonly zone: number;
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** The last moment that a `Date` can hold: in the year 275760. */
const SECONDS_MAX = 8.64e12;

export function showDate({ seconds, zone }: Moment, style: DateStyle, nowSeconds: number): string {
  if (style === 'relative') return relative(seconds, nowSeconds);
  const localSeconds = seconds + zoneSeconds(zone);
  const isShown = Math.abs(localSeconds) <= SECONDS_MAX;
  const time = new Date(isShown ? localSeconds * 1_000 : 0);
  const shownZone = isShown ? zone : 0;
  switch (style) {
    case 'short':
      return day(time);
    case 'iso8601':
      return `${day(time)} ${clock(time)} ${zoneText(shownZone)}`;
    case 'iso8601-strict':
      return `${day(time)}T${clock(time)}${strictZone(shownZone)}`;
    case 'rfc2822':
      return `${WEEKDAYS[time.getUTCDay()]}, ${time.getUTCDate()} ${monthOf(time)} ${time.getUTCFullYear()} ${clock(time)} ${zoneText(shownZone)}`;
    case 'human':
      return human({ seconds, zone: shownZone }, time, nowSeconds);
    case 'default':
      return `${WEEKDAYS[time.getUTCDay()]} ${monthOf(time)} ${time.getUTCDate()} ${clock(time)} ${time.getUTCFullYear()} ${zoneText(shownZone)}`;
  }
}

function zoneSeconds(zone: number): number {
  const size = Math.abs(zone);
  return Math.sign(zone) * (Math.trunc(size / 100) * 60 + (size % 100)) * 60;
}

function zoneText(zone: number): string {
  return `${zone < 0 ? '-' : '+'}${two(Math.abs(zone), 4)}`;
}

function strictZone(zone: number): string {
  if (zone === 0) return 'Z';
  const size = Math.abs(zone);
  return `${zone < 0 ? '-' : '+'}${two(Math.trunc(size / 100))}:${two(size % 100)}`;
}

function two(value: number, digits = 2): string {
  return String(value).padStart(digits, '0');
}

function monthOf(time: Date): string {
  return MONTHS[time.getUTCMonth()] as string;
}

function day(time: Date): string {
  return `${two(time.getUTCFullYear(), 4)}-${two(time.getUTCMonth() + 1)}-${two(time.getUTCDate())}`;
}

function clock(time: Date): string {
  return `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
}

function relative(seconds: number, nowSeconds: number): string {
  if (nowSeconds < seconds) return 'in the future';
  const secondsAgo = nowSeconds - seconds;
  if (secondsAgo < 90) return `${count(secondsAgo, 'second')} ago`;
  const minutes = Math.floor((secondsAgo + 30) / 60);
  if (minutes < 90) return `${count(minutes, 'minute')} ago`;
  const hours = Math.floor((minutes + 30) / 60);
  if (hours < 36) return `${count(hours, 'hour')} ago`;
  const days = Math.floor((hours + 12) / 24);
  if (days < 14) return `${count(days, 'day')} ago`;
  if (days < 70) return `${count(Math.floor((days + 3) / 7), 'week')} ago`;
  if (days < 365) return `${count(Math.floor((days + 15) / 30), 'month')} ago`;
  if (days >= 1_825) return `${count(Math.floor((days + 183) / 365), 'year')} ago`;
  const months = Math.floor((days * 12 * 2 + 365) / (365 * 2));
  const years = count(Math.floor(months / 12), 'year');
  return months % 12 === 0 ? `${years} ago` : `${years}, ${count(months % 12, 'month')} ago`;
}

function count(value: number, unit: string): string {
  return `${value} ${unit}${value === 1 ? '' : 's'}`;
}

/** The nearer, the shorter: as much of the date as tells it from others. */
function human(moment: Moment, time: Date, nowSeconds: number): string {
  const now = new Date(nowSeconds * 1_000);
  const isThisYear = time.getUTCFullYear() === now.getUTCFullYear();
  const daysAgo =
    isThisYear && time.getUTCMonth() === now.getUTCMonth() ? now.getUTCDate() - time.getUTCDate() : undefined;
  if (daysAgo === 0) return relative(moment.seconds, nowSeconds);
  const isThisWeek = daysAgo !== undefined && daysAgo > 0 && daysAgo < 5;
  const date = isThisWeek ? '' : `${monthOf(time)} ${time.getUTCDate()}`;
  if (!isThisYear) return `${date} ${time.getUTCFullYear()}`;
  const hoursAndMinutes = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
  const zone = isThisWeek && moment.zone !== 0 ? ` ${zoneText(moment.zone)}` : '';
  return [WEEKDAYS[time.getUTCDay()], date, hoursAndMinutes].filter(Boolean).join(' ') + zone;
}
