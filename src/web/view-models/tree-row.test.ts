import { expect, test } from 'vitest';
import { treeRow, treeRowChange } from './tree-row.ts';

const PLACE = { repository: { owner: 'ada', name: 'engine' }, revision: 'feature/x', folder: 'src' };
const entry = (kind: 'tree' | 'file' | 'executable' | 'symlink' | 'gitlink', name: string) => ({
  kind,
  name,
  nameBytes: Buffer.from(name),
  id: 'a'.repeat(40),
  mode: 0,
});

test.each([
  ['tree', 'folder', '/ada/engine/tree/feature/x/src/a%25b'],
  ['file', 'file', '/ada/engine/blob/feature/x/src/a%25b'],
  ['executable', 'file', '/ada/engine/blob/feature/x/src/a%25b'],
  ['symlink', 'symlink', '/ada/engine/blob/feature/x/src/a%25b'],
  ['gitlink', 'submodule', undefined],
] as const)('a %s is shown as a %s', (kind, shownAs, href) => {
  expect(treeRow(entry(kind, 'a%b'), undefined, PLACE)).toEqual({
    kind: shownAs,
    name: 'a%b',
    href,
    change: undefined,
  });
});

test('the commit that changed it comes along', () => {
  const person = { name: 'Ada', email: 'ada@example.com', dateSeconds: 1_700_000_000, timezone: '+0000' };
  const commit = {
    id: 'b'.repeat(40),
    treeId: '',
    parentIds: [],
    author: person,
    committer: person,
    subject: 'Turn',
    body: '',
    signature: undefined,
  };
  const change = treeRowChange(commit, PLACE.repository);
  expect(treeRow(entry('file', 'a\nb'), change, PLACE)).toMatchObject({
    name: 'a↵b',
    change: { subject: 'Turn', href: `/ada/engine/commit/${'b'.repeat(40)}`, date: new Date(1_700_000_000_000) },
  });
});
