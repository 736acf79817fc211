/**
 * The same bytes to our receive-pack and to `git receive-pack`, and the same report from both: for each check of git's
 * `execute_commands`, alone and together with others.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { lineText, splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import type { StoredGitSettings } from '#repository/git-settings.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { request } from '../support/raw-http.ts';

const ZERO = '0'.repeat(40);
const UNKNOWN = '1234567890'.repeat(4);

/** Of git 2.39, which gives one reason for everything that its ref store refuses. Since 2.50 it says which, as we do. */
const REF_STORE_REASON = 'failed to update ref';
const REF_STORE_REASONS = new Set([
  'reference already exists',
  'reference does not exist',
  'incorrect old value provided',
  'refname conflict',
  'invalid new value provided',
]);

interface Ids {
  /** Root, its child, a sibling of the child, and a commit that the repository does not have. */
  readonly root: string;
  readonly main: string;
  readonly side: string;
  readonly fresh: string;
  /** A commit whose parent nobody has. */
  readonly broken: string;
  /** Commits that git finds fault with: by default an error, and a warning. */
  readonly paddedDate: string;
  readonly nulInMessage: string;
  readonly tag: string;
  readonly blob: string;
  readonly tree: string;
}

type Command = readonly [oldId: string, newId: string, name: string];

interface Question {
  readonly commands: (ids: Ids) => readonly Command[];
  readonly capabilities?: string;
  readonly settings?: StoredGitSettings;
  /** Revisions of the pack; none for no pack at all. */
  readonly pack?: (ids: Ids) => readonly string[];
  /** Objects of the pack, instead of revisions. */
  readonly objects?: (ids: Ids) => readonly string[];
  readonly shallow?: (ids: Ids) => readonly string[];
}

const CREATES_FRESH = { pack: ({ fresh, main }: Ids) => [fresh, `^${main}`] };
const EMPTY_PACK = { pack: ({ main }: Ids) => [main, `^${main}`] };

function faulty(settings: StoredGitSettings, which: 'paddedDate' | 'nulInMessage' = 'paddedDate'): Question {
  return {
    objects: (ids) => [ids[which]],
    settings: { 'receive.fsckObjects': true, ...settings },
    commands: (ids) => [[ZERO, ids[which], 'refs/heads/new']],
  };
}

const QUESTIONS: Record<string, Question> = {
  'a creation': { ...CREATES_FRESH, commands: ({ fresh }) => [[ZERO, fresh, 'refs/heads/new']] },
  'an update': { ...CREATES_FRESH, commands: ({ main, fresh }) => [[main, fresh, 'refs/heads/main']] },
  'a deletion': { commands: ({ side }) => [[side, ZERO, 'refs/heads/side']] },
  'a deletion of nothing': { commands: () => [[ZERO, ZERO, 'refs/heads/none']] },
  'a deletion of nothing, with a value nobody has': { commands: () => [[UNKNOWN, ZERO, 'refs/heads/none']] },
  'a deletion of nothing, with a value there is': { commands: ({ main }) => [[main, ZERO, 'refs/heads/none']] },
  'a deletion with another value': { commands: ({ main }) => [[main, ZERO, 'refs/heads/side']] },
  'the deletion of the current branch': { commands: ({ main }) => [[main, ZERO, 'refs/heads/main']] },
  'the deletion of the current branch, allowed': {
    commands: ({ main }) => [[main, ZERO, 'refs/heads/main']],
    settings: { 'receive.denyDeleteCurrent': false },
  },
  'a deletion where none is allowed': {
    commands: ({ side, tag }) => [
      [side, ZERO, 'refs/heads/side'],
      [tag, ZERO, 'refs/tags/v1'],
    ],
    settings: { 'receive.denyDeletes': true },
  },
  'an update that is no fast-forward': {
    ...EMPTY_PACK,
    commands: ({ main, side }) => [[main, side, 'refs/heads/main']],
  },
  'an update that is no fast-forward where only those are allowed': {
    ...EMPTY_PACK,
    commands: ({ root, main, side, tag }) => [
      [main, side, 'refs/heads/main'],
      [side, root, 'refs/heads/side'],
      [tag, root, 'refs/tags/v1'],
      [root, main, 'refs/heads/old'],
    ],
    settings: { 'receive.denyNonFastForwards': true },
  },
  'no commit for a branch where only fast-forwards are allowed': {
    ...EMPTY_PACK,
    commands: ({ main, blob }) => [[main, blob, 'refs/heads/main']],
    settings: { 'receive.denyNonFastForwards': true },
  },
  'names that are none': {
    ...EMPTY_PACK,
    commands: ({ main }) => [
      [ZERO, main, 'main'],
      [ZERO, main, 'refs/heads'],
      [ZERO, main, 'refs/heads/a..b'],
      [ZERO, main, 'refs/heads/.a'],
      [ZERO, main, 'refs/heads/a.lock'],
      [ZERO, main, 'refs/heads/a b'],
      [ZERO, main, 'FETCH_HEAD'],
      [ZERO, main, 'refs/heads/ok'],
    ],
  },
  'HEAD alone': { ...EMPTY_PACK, commands: ({ main, side }) => [[main, side, 'HEAD']] },
  'HEAD beside its branch, alike': {
    ...CREATES_FRESH,
    commands: ({ main, fresh }) => [
      [main, fresh, 'HEAD'],
      [main, fresh, 'refs/heads/main'],
    ],
  },
  'HEAD beside its branch, otherwise': {
    ...CREATES_FRESH,
    commands: ({ main, side, fresh }) => [
      [main, fresh, 'refs/heads/main'],
      [main, side, 'HEAD'],
      [ZERO, fresh, 'refs/heads/new'],
    ],
  },
  'a ref that exists': { ...EMPTY_PACK, commands: ({ main }) => [[ZERO, main, 'refs/heads/side']] },
  'an old value that is none': { ...EMPTY_PACK, commands: ({ main, side }) => [[side, main, 'refs/heads/none']] },
  'an old value that is another': {
    ...EMPTY_PACK,
    commands: ({ root, main }) => [[root, main, 'refs/heads/side']],
  },
  'refs above and below others': {
    ...EMPTY_PACK,
    commands: ({ main }) => [
      [ZERO, main, 'refs/heads/side/below'],
      [ZERO, main, 'refs/heads/deep'],
      [ZERO, main, 'refs/heads/x/y'],
      [ZERO, main, 'refs/heads/x'],
    ],
  },
  'a ref in the place of a deleted one': {
    ...EMPTY_PACK,
    commands: ({ side }) => [
      [side, ZERO, 'refs/heads/side'],
      [ZERO, side, 'refs/heads/side/below'],
    ],
  },
  'one ref twice': {
    ...EMPTY_PACK,
    commands: ({ root, main, side }) => [
      [side, main, 'refs/heads/side'],
      [side, root, 'refs/heads/side'],
      [main, root, 'refs/heads/side'],
    ],
  },
  'no commit for a branch': {
    ...EMPTY_PACK,
    commands: ({ blob, tag, tree }) => [
      [ZERO, blob, 'refs/heads/blob'],
      [ZERO, tag, 'refs/heads/tag'],
      [ZERO, tree, 'refs/heads/tree'],
      [ZERO, blob, 'refs/tags/blob'],
      [ZERO, tree, 'refs/tags/tree'],
    ],
  },
  'an object that nobody has': {
    ...EMPTY_PACK,
    commands: ({ main }) => [
      [ZERO, UNKNOWN, 'refs/heads/x'],
      [ZERO, main, 'refs/heads/y'],
    ],
  },
  'hidden refs': {
    ...EMPTY_PACK,
    commands: ({ main }) => [
      [ZERO, main, 'refs/hidden/x'],
      [ZERO, ZERO, 'refs/hidden/y'],
      [ZERO, main, 'refs/hidden/shown/z'],
      [ZERO, main, 'refs/hiddenx/z'],
    ],
    settings: { 'receive.hideRefs': ['refs/hidden', '!refs/hidden/shown'] },
  },
  'hidden refs of fetches': {
    ...EMPTY_PACK,
    commands: ({ main }) => [
      [ZERO, main, 'refs/hidden/x'],
      [ZERO, main, 'refs/other/x'],
    ],
    settings: { 'transfer.hideRefs': ['refs/hidden/'], 'uploadpack.hideRefs': ['refs/other'] },
  },
  'atomic, all well': {
    ...CREATES_FRESH,
    capabilities: 'atomic',
    commands: ({ main, side, fresh }) => [
      [main, fresh, 'refs/heads/main'],
      [side, ZERO, 'refs/heads/side'],
    ],
  },
  'atomic, with a name that is none': {
    ...EMPTY_PACK,
    capabilities: 'atomic',
    commands: ({ main }) => [
      [ZERO, main, 'refs/heads/a'],
      [ZERO, main, 'refs/heads/b..c'],
      [ZERO, main, 'refs/heads/d e'],
    ],
  },
  'atomic, with the current branch deleted': {
    capabilities: 'atomic',
    commands: ({ main, side }) => [
      [side, ZERO, 'refs/heads/side'],
      [main, ZERO, 'refs/heads/main'],
    ],
  },
  'atomic, with an old value that is another': {
    ...EMPTY_PACK,
    capabilities: 'atomic',
    commands: ({ root, main }) => [
      [ZERO, main, 'refs/heads/a'],
      [root, main, 'refs/heads/side'],
    ],
  },
  'atomic, with one ref twice': {
    ...EMPTY_PACK,
    capabilities: 'atomic',
    commands: ({ main, side }) => [
      [side, main, 'refs/heads/side'],
      [side, main, 'refs/heads/side'],
    ],
  },
  'atomic, with refs that cannot stand side by side': {
    ...EMPTY_PACK,
    capabilities: 'atomic',
    commands: ({ main }) => [
      [ZERO, main, 'refs/heads/x'],
      [ZERO, main, 'refs/heads/x/y'],
    ],
  },
  'atomic where it is not offered': {
    ...EMPTY_PACK,
    capabilities: 'atomic',
    settings: { 'receive.advertiseAtomic': false },
    commands: ({ main, root }) => [
      [ZERO, main, 'refs/heads/a'],
      [root, main, 'refs/heads/side'],
    ],
  },
  'a pack of which some misses what nobody has': {
    objects: ({ fresh, broken }) => [fresh, broken],
    settings: { 'receive.fsckObjects': false },
    commands: ({ main, side, fresh, broken }) => [
      [ZERO, fresh, 'refs/heads/new'],
      [ZERO, broken, 'refs/heads/broken'],
      [main, fresh, 'refs/heads/main'],
      [side, ZERO, 'refs/heads/side'],
    ],
  },
  'a commit with a fault': faulty({}),
  'a commit with a fault that is to be a warning': faulty({ 'receive.fsck': { zeroPaddedDate: 'warn' } }),
  'a commit with a fault that is to be ignored': faulty({ 'receive.fsck': { zeroPaddedDate: 'ignore' } }),
  'a commit with a fault where nothing is looked for': faulty({ 'receive.fsckObjects': false }),
  'a commit with a warning, which is an error here': faulty({}, 'nulInMessage'),
  'a commit with a warning that is to be one': faulty({ 'receive.fsck': { nulInCommit: 'warn' } }, 'nulInMessage'),
  'a commit with a warning that is to be an error': faulty(
    { 'receive.fsck': { nulInCommit: 'error' } },
    'nulInMessage',
  ),
  'new history from where a shallow one ends': {
    pack: ({ fresh, main }) => [fresh, `^${main}`],
    shallow: ({ main }) => [main],
    commands: ({ fresh }) => [[ZERO, fresh, 'refs/heads/new']],
  },
};

describe.skipIf(!hasDatabase)('beside git receive-pack', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;
  let ids: Ids;
  let number = 0;

  beforeAll(async () => {
    forge = await GitForge.start();
    scratch = new ScratchRepository();
    const commit = (message: string) => {
      scratch.git(['commit', '-q', '--allow-empty', '-m', message]);
      return scratch.line(['rev-parse', 'HEAD']);
    };
    const root = commit('Root');
    scratch.git(['checkout', '-q', '-b', 'side']);
    const side = commit('Side');
    scratch.git(['checkout', '-q', 'main']);
    const main = commit('Main');
    scratch.git(['tag', '-a', '-m', 'One', 'v1', root]);
    const blob = scratch.line(['hash-object', '-w', '--stdin'], { input: 'blob\n' });
    const tree = scratch.line(['mktree'], { input: `100644 blob ${blob}\tfile\n` });
    scratch.git(['update-ref', 'refs/tags/a-blob', blob]);
    scratch.git(['update-ref', 'refs/tags/a-tree', tree]);
    scratch.git(['update-ref', 'refs/heads/old', root]);
    scratch.git(['update-ref', 'refs/heads/deep/er', root]);
    const fresh = scratch.line(['commit-tree', '-p', main, '-m', 'Fresh', `${main}^{tree}`]);
    const lost = scratch.line(['commit-tree', '-p', main, '-m', 'Lost', `${main}^{tree}`]);
    const broken = scratch.line(['commit-tree', '-p', lost, '-m', 'Broken', `${main}^{tree}`]);
    const head = `tree ${scratch.line(['rev-parse', `${main}^{tree}`])}\nparent ${main}\nauthor A <a@b> `;
    const paddedDate = scratch.writeObject('commit', `${head}01 +0000\ncommitter A <a@b> 1 +0000\n\nPadded\n`);
    const nulInMessage = scratch.writeObject('commit', `${head}1 +0000\ncommitter A <a@b> 1 +0000\n\nN\0UL\n`);
    ids = {
      root,
      side,
      main,
      fresh,
      broken,
      paddedDate,
      nulInMessage,
      blob,
      tree,
      tag: scratch.line(['rev-parse', 'v1']),
    };
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  function makePack({ pack, objects }: Question): readonly Buffer[] {
    const input = (lines: readonly string[]) => ({ input: `${lines.join('\n')}\n` });
    if (pack) return [scratch.git(['pack-objects', '--revs', '--stdout', '-q'], input(pack(ids)))];
    return objects ? [scratch.git(['pack-objects', '--stdout', '-q'], input(objects(ids)))] : [];
  }

  function encode(question: Question): Buffer {
    const { commands, capabilities = '', shallow } = question;
    const lines = [
      ...(shallow?.(ids) ?? []).map((id) => `shallow ${id}`),
      ...commands(ids).map(([oldId, newId, name], index) => {
        const caps = index === 0 ? `\0 report-status object-format=sha1 ${capabilities}` : '';
        return `${oldId} ${newId} ${name}${caps}`;
      }),
    ];
    return Buffer.concat([...lines.map((line) => encodePktLine(line)), encodePktLine(FLUSH), ...makePack(question)]);
  }

  /** The report, and the refs that there are afterwards. */
  interface Answer {
    readonly report: readonly string[];
    readonly refs: readonly string[];
  }

  async function askUs(body: Buffer, settings: StoredGitSettings): Promise<Answer> {
    const name = `twin-${number}`;
    const { id } = await forge.createRepository(name);
    const pushed = await forge.git(scratch.directory, ['push', '-q', '--mirror', forge.url(name, 'ada')]);
    expect(pushed).toMatchObject({ status: 0 });
    await forge.accounts.database.sql`
      update repository set git_settings = ${JSON.stringify(settings)}::text::jsonb where id = ${id}`;
    const answer = await request(forge.port, 'POST', `/ada/${name}.git/git-receive-pack`, {
      headers: { authorization: forge.authorization, 'content-type': 'application/x-git-receive-pack-request' },
      body,
    });
    const { refs } = await forge.engine.snapshot(id);
    return { report: reportOf(answer.body), refs: refs.refs.map((ref) => `${ref.target} ${ref.name}`) };
  }

  function askGit(body: Buffer, settings: StoredGitSettings): Answer {
    const folder = path.join(forge.folder, `twin-${number}.git`);
    mkdirSync(folder);
    scratch.git(['clone', '-q', '--mirror', '--no-local', scratch.directory, folder]);
    const git = (...args: string[]) => spawnSync('git', args, { cwd: folder, env: { ...process.env, LC_ALL: 'C' } });
    git('remote', 'remove', 'origin');
    const { 'receive.fsck': severities = {}, ...others } = settings;
    for (const [id, severity] of Object.entries(severities as object)) git('config', `receive.fsck.${id}`, severity);
    for (const [name, value] of Object.entries(others)) {
      for (const one of Array.isArray(value) ? value : [value]) git('config', '--add', name, String(one));
    }
    const { stdout } = spawnSync('git', ['receive-pack', '--stateless-rpc', folder], { input: body });
    const refs = git('for-each-ref', '--format=%(objectname) %(refname)').stdout.toString().trim().split('\n');
    rmSync(folder, { recursive: true });
    return { report: reportOf(stdout), refs: refs.sort(byName) };
  }

  it.each(Object.entries(QUESTIONS))('%s', async (_, question) => {
    number++;
    const body = encode(question);
    const ours = await askUs(body, question.settings ?? {});
    const gits = askGit(body, question.settings ?? {});
    expect(gits.report[0]).toMatch(/^unpack (ok|unpack-objects abnormal exit)$/);
    expect(ours.report.map(inWordsOfOldGit)).toEqual(gits.report);
    expect([...ours.refs].sort(byName)).toEqual(gits.refs);
  });
});

function byName(a: string, b: string): number {
  return a.slice(41) < b.slice(41) ? -1 : 1;
}

function reportOf(body: Uint8Array): string[] {
  return [...splitPktLines(body)].map((pkt) => (pkt.kind === 'data' ? lineText(pkt.payload) : pkt.kind));
}

function inWordsOfOldGit(line: string): string {
  // Git has told the rest over the side band.
  if (/^unpack (?!ok)/.test(line)) return 'unpack unpack-objects abnormal exit';
  const [, name, reason = ''] = /^ng (\S+) (.*)$/.exec(line) ?? [];
  return name !== undefined && REF_STORE_REASONS.has(reason) ? `ng ${name} ${REF_STORE_REASON}` : line;
}
