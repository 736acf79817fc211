/** Small formats that strangers write: pkt-lines, names, addresses, headers. */
import { parseAccept } from '#api/media-type.ts';
import { parseAuthorization } from '#auth/authorization-header.ts';
import { GitError } from '#git/errors.ts';
import { parseObjectFilter } from '#git/filter/parse-filter.ts';
import { encodePktLine } from '#git/pkt-line/encode.ts';
import { PktLineReader, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import { checkPushedRefName, isRefName } from '#git/refs/ref-name.ts';
import { parseRange, type RequestedRange } from '#transport/http/byte-range.ts';
import { parseGitPath } from '#transport/http/git-path.ts';
import { parseLfsPath } from '#transport/lfs/lfs-path.ts';
import { parseSshCommand } from '#transport/ssh/exec-command.ts';
import { FILTERS } from '../../differential/fetch-question.ts';
import { allowGitErrors, type FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';

const NAMES = ['refs/heads/main', 'refs/tags/v1.0', 'refs/heads/a/b/c', 'HEAD', 'refs/heads/ünï', 'refs/heads/@'];
const REF_VOCABULARY = ['.lock', '..', '@{', '//', '/.', '.', 'refs/', '\x7f', '^', '*', '[', '\\', ' ', '~', ':', '?'];
const PATHS = [
  '/ada/repo.git/info/refs?service=git-upload-pack',
  '/ada/repo/git-receive-pack',
  '/ada/repo.git/objects/12/34567890',
  'http://host/ada/repo.git/HEAD',
  '/ada/repo.git/info/lfs/objects/batch',
];
const HEADERS = [
  'Basic YWRhOnBhc3N3b3Jk',
  'Bearer och_0123456789',
  'token x',
  'application/vnd.github.v3.raw+json; charset=utf-8, */*;q=0.1',
  'bytes=0-499,-500',
  'bytes=10-',
  'bytes=-7',
];

export const SSH_COMMANDS = [
  "git-upload-pack '/ada/repo.git'",
  "git receive-pack 'ada/repo'",
  "git-upload-archive '/ada/repo.git'",
  'git-lfs-authenticate ada/repo.git download',
  "git-upload-pack '/ada/it'\\''s.git'",
];
export const SSH_VOCABULARY = [
  ...["'", '"', '\\', ' ', ';', '&&', '|', '$(', '`', '\n', '-', '--', '../', '/', '~', 'git ', 'git-upload-pack '],
  ...['--exec=', '-o', 'sh -c', 'GIT_PROTOCOL=', '\\!', "'\\''", '%2e', '.git', 'git-shell', 'git-lfs-transfer'],
];
const FILTER_VOCABULARY = [
  'combine:',
  '+',
  '%',
  '%2B',
  '%25',
  'tree:',
  'blob:limit=',
  '1k',
  '1G',
  'object:type=',
  'sparse:oid=',
];

/** Pkts read in pieces are those read at once. */
export function openPktLineFuzzer(): FuzzSession {
  return {
    async attempt(random) {
      const lines = Array.from({ length: random.size(8) }, () => encodePktLine(random.bytes(random.size(80))));
      const sound = Buffer.concat([...lines, ...(random.oneIn(2) ? [Buffer.from('0000')] : [])]);
      const bytes = random.oneIn(4) ? sound : mutate(random, sound, ['0000', '0001', '0005x', 'fff0']);
      const whole = outcomeOf(() => [...splitPktLines(bytes)].map(describePkt));
      const pieced = await outcomeOfReader(new PktLineReader(piecesOf(random, bytes)));
      if (whole.pkts.join() !== pieced.pkts.join() && whole.error === undefined) {
        throw new Error(`pkts ${bytes.toString('hex')}: ${whole.pkts} at once, ${pieced.pkts} in pieces`);
      }
      if (whole.error !== pieced.error)
        throw new Error(`pkts ${bytes.toString('hex')}: ${whole.error} / ${pieced.error}`);
    },
  };
}

/** Names of refs: what a push may make is a name by git's rules. */
export function openRefNameFuzzer(): FuzzSession {
  return {
    attempt(random) {
      const bytes = mutate(random, Buffer.from(random.pick(NAMES)), REF_VOCABULARY);
      const name = bytes.toString();
      if (isRefName(name) !== isRefNameByTheBook(name)) throw new Error(`ref name ${JSON.stringify(name)}`);
      checkPushedRefName(bytes, 1_024);
    },
  };
}

export function openHeaderFuzzer(): FuzzSession {
  return {
    attempt(random) {
      const text = mutate(random, Buffer.from(random.pick([...PATHS, ...HEADERS]))).toString('latin1');
      parseGitPath(text);
      parseLfsPath(text);
      requirePartWithin(parseRange(text, 1_000), 1_000);
      parseAuthorization(text);
      parseAccept(text);
    },
  };
}

function requirePartWithin(range: RequestedRange, sizeBytes: number): void {
  if (range.kind !== 'part') return;
  const { offset, lengthBytes } = range;
  const fits = offset >= 0 && lengthBytes > 0 && offset + lengthBytes <= sizeBytes;
  if (!fits) throw new Error(`range ${JSON.stringify(range)} of ${sizeBytes} bytes`);
}

/** What an SSH client asks to be run: a repository's address has nothing in it that leads elsewhere. */
export function openSshCommandFuzzer(): FuzzSession {
  return {
    attempt(random) {
      const line = mutate(random, Buffer.from(random.pick(SSH_COMMANDS)), SSH_VOCABULARY).toString();
      const command = parseSshCommand(line);
      if (command.kind === 'refused' || command.repository === undefined) return;
      const { ownerLogin, repositoryName } = command.repository;
      for (const name of [ownerLogin, repositoryName]) {
        if (!/^[A-Za-z0-9._-]+$/.test(name) || /^\.+$/.test(name)) throw new Error(`${JSON.stringify(line)}: ${name}`);
      }
    },
  };
}

/** Filters: read once or refused in words, and never for long. */
export function openFilterFuzzer(): FuzzSession {
  return {
    attempt(random) {
      const spec = mutate(random, Buffer.from(random.pick(FILTERS)), FILTER_VOCABULARY).toString();
      allowGitErrors(() => void parseObjectFilter(spec));
    },
  };
}

/** git-check-ref-format(1), rule by rule. */
function isRefNameByTheBook(name: string): boolean {
  const parts = name.split('/');
  return (
    parts.length > 1 &&
    parts.every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock')) &&
    !name.includes('..') &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the rule is about them
    !/[\x00-\x20\x7f~^:?*[\\]/.test(name) &&
    !name.endsWith('.') &&
    !name.includes('@{')
  );
}

interface Outcome {
  readonly pkts: string[];
  readonly error: string | undefined;
}

function outcomeOf(run: () => string[]): Outcome {
  try {
    return { pkts: run(), error: undefined };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    return { pkts: [], error: error.message };
  }
}

async function outcomeOfReader(reader: PktLineReader): Promise<Outcome> {
  const pkts: string[] = [];
  try {
    for (let pkt = await reader.read(); pkt; pkt = await reader.read()) pkts.push(describePkt(pkt));
    return { pkts, error: undefined };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    return { pkts, error: error.message };
  }
}

function describePkt(pkt: { kind: string; payload?: Uint8Array }): string {
  return pkt.payload ? Buffer.from(pkt.payload).toString('hex') : pkt.kind;
}

async function* piecesOf(random: Random, bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.size(30);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
