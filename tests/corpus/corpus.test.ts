/** Broken packs and objects, pushed to our server and to git's: both accept, or both refuse and name the same rule. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FLUSH } from '#git/pkt-line/encode.ts';
import { generateRepository } from '../differential/generated-repository.ts';
import { type Answer, Twins } from '../differential/twins.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { brokenObjects } from './broken-object.ts';
import { brokenPacks, type CorpusCase } from './broken-pack.ts';

const ZERO_ID = '0'.repeat(40);
/** Where ours differ, and why that may be. */
const DIFFERENT: readonly { readonly names: RegExp; readonly reason: string }[] = [
  {
    names: /^(one zero byte|bytes|the same pack) after the trailer|^the same pack after/,
    reason: 'git reads no further',
  },
  { names: /a delta without instructions/, reason: 'git takes a delta of fewer than four bytes for a broken one' },
  { names: /byte order mark/, reason: "git's reader of configuration in memory does not know the mark" },
  { names: /id in capitals/, reason: 'no client writes them, and ids are compared as text' },
  { names: /"A <a@b> ( 1|\\t1|\\v1|-1) \+0000"|"A <a@b>\s+-?1 \+0000"/, reason: 'as later versions of git have it' },
  { names: /a name of 5,000 bytes/, reason: 'as later versions of git have it' },
];
/** Of them, how many are tried: all with CORPUS=all. */
const STEP = process.env['CORPUS'] === 'all' ? 1 : 5;

describe.skipIf(!hasDatabase)('the corpus of broken packs, beside git', () => {
  let forge: GitForge;
  let twins: Twins;

  beforeAll(async () => {
    forge = await GitForge.start();
    twins = await Twins.create(forge, 'corpus', generateRepository(5));
  });

  afterAll(() => forge?.close());

  async function tryCases(cases: readonly CorpusCase[]): Promise<string[]> {
    const differences: string[] = [];
    for (const [index, { name, pack, tip }] of cases.entries()) {
      const command = `${ZERO_ID} ${tip} refs/tags/case-${index}-${cases.length}\0report-status side-band-64k`;
      const { ours, gits } = await twins.post('git-receive-pack', 0, [command, FLUSH], pack);
      const [ourVerdict, gitVerdict] = [verdictOf(ours), verdictOf(gits)];
      if (isDifferent(ourVerdict, gitVerdict) && !DIFFERENT.some(({ names }) => names.test(name))) {
        const words = (answer: Answer) => answer.body.toString().replace(/[^\x20-\x7e\n]/g, '·');
        differences.push(`${name}: ours ${ourVerdict}, git ${gitVerdict}\n${words(ours)}\n${words(gits)}`);
      }
    }
    return differences;
  }

  it('packs', { timeout: 600_000 }, async () => {
    const cases = brokenPacks().filter(({ name }, index) => !name.includes('cut short at byte') || index % STEP === 0);
    expect((await tryCases(cases)).join('\n')).toBe('');
  });

  it('objects', { timeout: 600_000 }, async () => {
    const cases = brokenObjects().filter((_, index) => index % STEP === 0);
    expect((await tryCases(cases)).join('\n')).toBe('');
  });
});

/** Git says nothing of fsck about an object that it cannot even parse; ours names the rule there too. */
function isDifferent(ours: string, gits: string): boolean {
  return gits === 'refused' ? !ours.startsWith('refused') : ours !== gits;
}

/** Accepted or refused, and the message id of fsck where one is named. */
function verdictOf({ body }: Answer): string {
  const text = body.toString('latin1');
  const id = /object [0-9a-f]{40}: ([a-z]\w+):/.exec(text)?.[1];
  if (/[0-9a-f]{4}ok refs\/tags\/case-/.test(text)) return 'accepted';
  if (/[0-9a-f]{4}ng refs\/tags\/case-/.test(text)) return id ? `refused: ${id}` : 'refused';
  return 'no report';
}
