/** Bytes made into other bytes: the changes that find most in parsers. */
import type { Random } from './random.ts';

const INTERESTING_BYTES = [0, 1, 0x0a, 0x20, 0x2f, 0x7f, 0x80, 0xff, 0x30, 0x2d];
const INTERESTING_TEXTS = [
  ...[
    '0000',
    '0001',
    '0002',
    '0003',
    '0004',
    'fff0',
    'ffff',
    '\n',
    '\0',
    '..',
    '/',
    '//',
    '.git',
    '%00',
    '%2e',
    '\r\n',
  ],
  ...['-1', '0', '4294967295', '4294967296', '9223372036854775808', '1e9', 'NaN', '0x10', ' ', '\t', '"', "'", '\\'],
  ...['{', '}', '[', ']', ':', ',', '=', ';', '*', '?', '^', '~', '@{', '\u0000', 'ü', '\u{1f600}', '\ufeff', '\u200c'],
];

/** @param vocabulary pieces of the format, beside those of any @param others to splice with */
export function mutate(
  random: Random,
  bytes: Buffer,
  vocabulary: readonly (string | Buffer)[] = [],
  others: readonly Buffer[] = [],
): Buffer {
  let changed = Buffer.from(bytes);
  for (let count = 1 + random.size(6); count > 0; count--)
    changed = Buffer.from(step(random, changed, vocabulary, others));
  return changed;
}

function step(
  random: Random,
  bytes: Buffer,
  vocabulary: readonly (string | Buffer)[],
  others: readonly Buffer[],
): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + random.size(64));
  switch (random.below(10)) {
    case 0:
      return flip(random, bytes, at);
    case 1:
      return splice(bytes, at, Math.min(at + 1, bytes.length), Buffer.of(random.pick(INTERESTING_BYTES)));
    case 2:
      return splice(bytes, at, Math.min(at + 1, bytes.length), Buffer.of(random.below(256)));
    case 3:
      return splice(bytes, at, end, Buffer.alloc(0));
    case 4:
      return splice(bytes, at, at, bytes.subarray(at, end));
    case 5:
      return splice(bytes, at, at, random.bytes(random.size(32)));
    case 6:
      return splice(bytes, at, random.oneIn(2) ? at : end, Buffer.from(random.pick(INTERESTING_TEXTS)));
    case 7:
      return vocabulary.length > 0
        ? splice(bytes, at, random.oneIn(2) ? at : end, Buffer.from(random.pick(vocabulary)))
        : flip(random, bytes, at);
    case 8:
      return bytes.subarray(0, at);
    default: {
      const other = others.length > 0 ? random.pick(others) : bytes;
      const from = random.below(other.length + 1);
      return splice(bytes, at, end, other.subarray(from, from + random.size(128)));
    }
  }
}

function flip(random: Random, bytes: Buffer, at: number): Buffer {
  const byte = bytes[at];
  if (byte === undefined) return bytes;
  bytes[at] = byte ^ (1 << random.below(8));
  return bytes;
}

function splice(bytes: Buffer, start: number, end: number, middle: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, start), middle, bytes.subarray(end)]);
}

const STRANGE_VALUES = [
  ...[null, true, -1, 0, 0.5, 1e308, 2 ** 31, 2 ** 53, '', '../x', '\0', '\ud800', 'a'.repeat(5_000)],
  ...[[], {}, [[[]]], { __proto__: { admin: true } }, '-----BEGIN', '\u202e', ' ', '1'],
];

/** One value somewhere in a body becomes another; the form around it stays. */
export function damageValue(random: Random, value: unknown): unknown {
  if (random.oneIn(8)) return random.pick(STRANGE_VALUES);
  if (Array.isArray(value)) return value.map((item) => (random.oneIn(2) ? damageValue(random, item) : item));
  if (typeof value !== 'object' || value === null) return random.oneIn(6) ? random.pick(STRANGE_VALUES) : value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, damageValue(random, item)]));
}

/** Node sends nothing else in addresses and headers. */
export function printable(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[^\x21-\x7e]/g, '');
}
