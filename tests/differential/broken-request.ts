/** Requests of good will made into others: a line too many, too few, twice, cut, or in the wrong place. */
import fc from 'fast-check';
import { DELIM, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';

interface Damage {
  readonly kind: 'drop' | 'repeat' | 'swap' | 'insert' | 'cut' | 'append' | 'replace-special' | 'raw';
  readonly at: number;
  readonly amount: number;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('drop', 'repeat', 'swap', 'insert', 'cut', 'append', 'replace-special', 'raw'),
  at: fc.nat(60),
  amount: fc.nat(60),
});

const SPECIALS: readonly OutgoingPkt[] = [FLUSH, DELIM, { kind: 'response-end' }];

/** Lines that are right in some place and wrong in others. */
const STRANGE_LINES = [
  'frotz',
  '',
  ' ',
  'want',
  'want ',
  'want 0',
  'have',
  'have xyz',
  'done',
  'done ',
  'DONE',
  'shallow',
  'shallow 123',
  'deepen',
  'deepen ',
  'deepen x',
  'deepen 0',
  'deepen -1',
  'deepen 1 2',
  'deepen 99999999999',
  'deepen-since',
  'deepen-since x',
  'deepen-since 0',
  'deepen-not',
  'deepen-not refs/heads/none',
  'deepen-not refs/hidden/one',
  'deepen-relative',
  'filter',
  'filter ',
  'filter frotz',
  'filter blob:none:x',
  'filter blob:limit=x',
  'filter blob:limit=-1',
  'filter tree:x',
  'filter tree:-1',
  'filter object:type=frotz',
  'filter sparse:oid=frotz',
  'filter sparse:path=x',
  'filter combine:',
  'filter combine:blob:none',
  'filter combine:blob:none+',
  'filter combine:+blob:none',
  'filter combine:blob:none+frotz',
  'filter combine:tree:1+blob%3Anone',
  'filter combine:tree:1+blob%3',
  'filter combine:tree:1+a b',
  'filter blob:none',
  'want-ref',
  'want-ref refs/heads/none',
  'want-ref refs/hidden/one',
  'want-ref HEAD',
  'want-ref refs/heads/main',
  'thin-pack',
  'thin-pack x',
  'include-tag',
  'wait-for-done',
  'sideband-all',
  'packfile-uris',
  'packfile-uris https',
  'agent=x',
  'server-option=x',
  'object-format=sha1',
  'object-format=md5',
  'command=fetch',
  'command=ls-refs',
  'command=frotz',
  'session-id=x',
  'session-id=',
];

export function damageRequests(seed: number, requests: readonly (readonly OutgoingPkt[])[]): OutgoingPkt[][] {
  const damages = fc.sample(fc.array(damage, { minLength: 1, maxLength: 2 }), { seed, numRuns: requests.length });
  return requests.map((pkts, index) => (damages[index] ?? []).reduce<OutgoingPkt[]>(apply, [...pkts]));
}

function apply(pkts: OutgoingPkt[], { kind, at, amount }: Damage): OutgoingPkt[] {
  const index = at % Math.max(1, pkts.length);
  const pkt = pkts[index];
  if (pkt === undefined) return pkts;
  switch (kind) {
    case 'drop':
      return pkts.toSpliced(index, 1);
    case 'repeat':
      return pkts.toSpliced(index, 0, pkt);
    case 'swap':
      return pkts.toSpliced(index, 1).toSpliced(amount % pkts.length, 0, pkt);
    case 'insert':
    case 'raw':
      return pkts.toSpliced(index, 0, STRANGE_LINES[amount % STRANGE_LINES.length] ?? '');
    case 'cut':
      return typeof pkt === 'string' ? pkts.toSpliced(index, 1, pkt.slice(0, -1 - (amount % 20))) : pkts;
    case 'append':
      return typeof pkt === 'string' ? pkts.toSpliced(index, 1, `${pkt.trimEnd()} x`) : pkts;
    case 'replace-special':
      return pkts.map((one) => (typeof one === 'object' && 'kind' in one ? (SPECIALS[amount % 3] ?? one) : one));
  }
}
