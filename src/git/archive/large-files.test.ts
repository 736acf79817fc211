/** Files of an archive that are streamed, because they are too large to be held in memory, beside what git makes of them. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { GitObjectStore } from '../../../tests/fixtures/git-object-store.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { Pathspec } from '../path/pathspec.ts';
import { visibleRefs } from '../refs/visible-refs.ts';
import { writeArchive } from './archive-format.ts';
import type { ArchiveEntry } from './archive-request.ts';
import { readArchiveSource } from './archive-source.ts';
import { ExportSubstitution } from './export-subst.ts';

const FILES: Readonly<Record<string, string>> = {
  'auto.bin': `${'text\n'.repeat(900_000)}\0`,
  'crlf.txt': 'a line of text with $Id$ and é\n'.repeat(160_000),
  'format.txt': `${'text'.repeat(1_200_000)} $Format:%H$\n $Format:%s%n%>>(20)%an$ \n $Format:`,
  'misfit.txt': `${'text\n'.repeat(900_000)}漢`,
};
const ATTRIBUTES = [
  'auto.bin text=auto eol=crlf',
  'crlf.txt text eol=crlf ident working-tree-encoding=UTF-16',
  'format.txt export-subst eol=crlf',
  'misfit.txt working-tree-encoding=ISO-8859-1',
];

test('large files are converted as git does', async () => {
  using repository = new ScratchRepository();
  for (const [name, content] of Object.entries(FILES)) writeFileSync(path.join(repository.directory, name), content);
  repository.git(['add', '-A']);
  writeFileSync(path.join(repository.directory, '.gitattributes'), `${ATTRIBUTES.join('\n')}\n`);
  repository.git(['add', '.gitattributes']);
  repository.git(['commit', '-q', '-m', 'Large']);
  const objects = new GitObjectStore(repository);
  const source = await readArchiveSource(objects, repository.line(['rev-parse', 'HEAD']));
  if (!source?.commit) throw new Error('no commit');
  const { commit, treeId } = source;
  const refs = visibleRefs({ headTarget: 'refs/heads/main', refs: [], find: () => undefined }, []);
  const { signal } = new AbortController();
  const entries: ArchiveEntry[] = [];
  const request = {
    objects,
    treeId,
    commitId: commit.id,
    substitution: new ExportSubstitution({ ...commit, objects, refs, nowSeconds: 0, signal }),
    timeSeconds: commit.timeSeconds,
    prefix: '',
    pathspec: new Pathspec([]),
    attributes: 'of-tree',
    treeDepthMax: 10,
    signal,
    onEntry: (entry: ArchiveEntry) => void entries.push(entry),
  } as const;
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeArchive(request, 'tar')) chunks.push(chunk);
  const expected = repository.tryGit(['-c', 'core.attributesFile=/dev/null', 'archive', 'HEAD']);
  expect(Buffer.concat(chunks).equals(expected.stdout)).toBe(true);
  const warnings = entries.map((entry) => (entry.kind === 'file' ? (entry.warning ?? '') : ''));
  expect(expected.stderr.trimEnd()).toBe(warnings.join(''));
  expect(entries.filter((entry) => entry.kind === 'file' && typeof entry.body === 'function')).toHaveLength(4);
});
