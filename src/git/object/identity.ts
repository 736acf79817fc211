/** Who made a commit or a tag, and when: `Name <email> 1700000000 +0100` — gitdatamodel(7), "commit". */

export interface Identity {
  readonly name: string;
  readonly email: string;
  /** Since 1970, UTC. */
  readonly dateSeconds: number;
  /** As written: a sign and four digits, hours and minutes. */
  readonly timezone: string;
}

const LINE = /^(?<name>[^<]*)<(?<email>[^>]*)>/;
const DATE = /^\s*(?<seconds>\d{1,15})(?:\s+(?<timezone>[+-]\d{4,}))?/;

const NOBODY: Identity = { name: '', email: '', dateSeconds: 0, timezone: '+0000' };

/**
 * Takes out of a line what there is: histories of twenty years hold every mistake. The date stands behind the last `>`, as
 * git reads it; without one it is 1970.
 */
export function parseIdentity(line: string): Identity {
  const who = LINE.exec(line)?.groups;
  const when = DATE.exec(line.slice(line.lastIndexOf('>') + 1))?.groups;
  if (!who) return { ...NOBODY, name: line.trim() };
  return {
    name: (who['name'] ?? '').trim(),
    email: (who['email'] ?? '').trim(),
    dateSeconds: Number(when?.['seconds'] ?? 0),
    timezone: when?.['timezone'] ?? '+0000',
  };
}

export function formatIdentity(identity: Identity): string {
  return `${identity.name} <${identity.email}> ${identity.dateSeconds} ${identity.timezone}`;
}

/** Minutes east of UTC. */
export function timezoneMinutes(timezone: string): number {
  const sign = timezone.startsWith('-') ? -1 : 1;
  const digits = Number(timezone.slice(1));
  return sign * (Math.trunc(digits / 100) * 60 + (digits % 100));
}
