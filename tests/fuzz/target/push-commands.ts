/** The part of a push before its pack: commands as git writes them, signed or not, with all that may stand around them; and damaged. */
import { encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';

export const PUSH_VOCABULARY = [
  ...['refs/heads/', 'refs/tags/', 'refs/hidden/x', 'refs/pull/1/head', 'HEAD', 'shallow ', '\0', '\0 ', 'atomic'],
  ...['report-status', 'report-status-v2', 'side-band-64k', 'push-options', 'quiet', 'ofs-delta'],
  ...['object-format=sha256', 'object-format=sha1', 'delete-refs', 'no-thin', 'refs/heads/a.lock', 'refs/heads/ü'],
  ...['push-cert', 'push-cert-end', 'certificate version 0.1\n', 'nonce ', 'pusher ', 'agent=', 'session-id=', '0000'],
];
const CAPABILITIES = [
  ...['agent=git/2.39.0', 'session-id=abc', 'object-format=sha1', 'object-format=sha256', 'object-format=', 'quiet'],
  ...['push-options', 'atomic', 'report-status', 'report-status-v2', 'side-band-64k', 'unknown=1', 'push-cert=x'],
];
const OPTIONS = ['ci.skip', 'a=b', '', 'ü;\t', 'x'.repeat(3_000)];
const SIGNATURES = ['-----BEGIN PGP SIGNATURE-----', '-----BEGIN SSH SIGNATURE-----', '-----BEGIN SIGNED MESSAGE-----'];

/**
 * @param pkts of a sound push: commands, a flush, perhaps push options and another flush
 * @param ids of objects, there or not
 */
export function dressCommands(random: Random, pkts: readonly OutgoingPkt[], ids: readonly string[]): OutgoingPkt[] {
  const end = pkts.indexOf(FLUSH);
  let commands = pkts.slice(0, end).filter((pkt) => typeof pkt === 'string');
  let rest = pkts.slice(end + 1);
  if (random.oneIn(8)) commands = commands.map((line, at) => (at === 0 ? addCapability(random, line) : line));
  if (random.oneIn(8)) commands = commands.flatMap((line) => (random.oneIn(3) ? [line, line] : [line]));
  if (random.oneIn(12)) [commands, rest] = withOptions(random, commands);
  const shallow = random.oneIn(10) ? Array.from({ length: 1 + random.size(4) }, () => shallowLine(random, ids)) : [];
  const signed = random.oneIn(10) ? certificate(random, commands, rest) : commands;
  return [...shallow, ...signed, FLUSH, ...rest];
}

function addCapability(random: Random, line: string): string {
  const added = Array.from({ length: 1 + random.size(4) }, () => random.pick(CAPABILITIES)).join(' ');
  return line.includes('\0') ? `${line} ${added}` : `${line}\0${added}`;
}

function withOptions(random: Random, commands: readonly string[]): [commands: string[], rest: OutgoingPkt[]] {
  const options = Array.from({ length: random.size(6) }, () => random.pick(OPTIONS));
  const [first = '', ...others] = commands;
  const asking = first.includes('\0') ? `${first} push-options` : `${first}\0push-options`;
  return [
    [asking, ...others],
    [...options, FLUSH],
  ];
}

function shallowLine(random: Random, ids: readonly string[]): string {
  const id = random.pick(ids);
  return `shallow ${random.oneIn(6) ? id.slice(0, random.below(41)) : id}`;
}

/** gitprotocol-pack(5), "Push Certificate". */
function certificate(random: Random, commands: readonly string[], rest: readonly OutgoingPkt[]): string[] {
  const [first = ''] = commands;
  const [, capabilities = ''] = first.split('\0');
  const options = rest.filter((pkt) => typeof pkt === 'string').map((option) => `push-option ${option}`);
  const header = [
    'certificate version 0.1',
    'pusher Ada <ada@example.com> 1700000000 +0000',
    ...(random.oneIn(2) ? ['pushee http://localhost/ada/x.git'] : []),
    ...(random.oneIn(2) ? [`nonce ${random.below(2_000_000_000)}-${random.bytes(20).toString('hex')}`] : []),
    ...(random.oneIn(3) ? options.slice(random.below(2)) : options),
  ];
  const signature = random.oneIn(5) ? [] : [random.pick(SIGNATURES), '', 'iQ==', '=abcd', '-----END-----'];
  const body = [...header, ...(random.oneIn(12) ? [] : ['']), ...commands.map((line) => line.split('\0')[0] ?? '')];
  const lines = [...body, ...signature].map((line) => `${line}\n`);
  const lastLine = random.oneIn(12) ? [] : ['push-cert-end\n'];
  return [`push-cert\0${capabilities}`, ...lines, ...lastLine, ...(random.oneIn(20) ? commands : [])];
}

/** Damage: in one line, whose length still fits, or in any byte. */
export function damageCommands(random: Random, pkts: readonly OutgoingPkt[], vocabulary: readonly string[]): Buffer {
  if (random.oneIn(3)) return mutate(random, encodePkts(pkts), vocabulary);
  const changed = pkts.map((pkt) =>
    typeof pkt === 'string' && random.oneIn(2) ? mutate(random, Buffer.from(pkt), vocabulary).subarray(0, 60_000) : pkt,
  );
  return encodePkts([...changed, ...(random.oneIn(8) ? [FLUSH] : [])]);
}

export function encodePkts(pkts: readonly OutgoingPkt[]): Buffer {
  return Buffer.concat(pkts.map(encodePktLine));
}
