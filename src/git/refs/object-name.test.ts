import { afterAll, beforeAll, expect, test } from 'vitest';
import { gitSnapshot } from '../../../tests/fixtures/git-snapshot.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { type NameScope, resolveObjectName } from './object-name.ts';
import { visibleRefs } from './visible-refs.ts';

let repository: ScratchRepository;
let scope: NameScope;

beforeAll(() => {
  repository = new ScratchRepository();
  for (const text of ['one', 'two', 'three']) commit(text);
  repository.git(['checkout', '-q', '-b', 'side', 'main~1']);
  commit('four');
  repository.git(['checkout', '-q', 'main']);
  repository.git(['merge', '-q', '-m', 'merge', 'side']);
  repository.git(['tag', '-a', '-m', 'x', 'v1', 'main~1']);
  repository.git(['tag', '-a', '-m', 'x', 'nested', 'v1']);
  repository.git(['tag', 'blob', 'main:folder/one']);
  const snapshot = gitSnapshot(repository);
  scope = {
    objects: snapshot.objects,
    refs: visibleRefs(snapshot.refs, []),
    mayName: async (ids) => ids.map(() => true),
  };
});
afterAll(() => repository[Symbol.dispose]());

function commit(text: string): void {
  const blob = repository.writeObject('blob', `${text}\n`);
  repository.git(['update-index', '--add', '--cacheinfo', `100644,${blob},folder/${text}`]);
  repository.git(['commit', '-q', '-m', text]);
}

test.each([
  ...['main', 'HEAD', '@', 'refs/heads/main', 'heads/side', 'v1', 'tags/v1', 'nested'],
  ...[
    'main~',
    'main~2',
    'main~0',
    'main^',
    'main^2',
    'main^2~1',
    'main~1^1',
    'main^0',
    'HEAD~~',
    'v1~1',
    'nested^',
    'main^^',
  ],
  ...[
    'v1^{}',
    'nested^{commit}',
    'nested^{tag}',
    'main^{tree}',
    'nested^{tree}',
    'main^{object}',
    'blob^{blob}',
    'blob^{}',
  ],
  ...[
    'main:folder',
    'main:folder/one',
    'main~3:folder/one',
    'nested:folder/two',
    'main:',
    'main^{tree}:folder/one',
    'side:folder/four',
  ],
  ...[
    'main~9',
    'main^3',
    'main:none',
    'main:folder/none',
    'main:folder/one/x',
    'side:folder/three',
    'none',
    'none:x',
    '',
  ],
  ...[
    'blob^{commit}',
    'main^{tag}',
    'blob:x',
    'main^{frotz}',
    'main^x',
    'main~1x',
    'main^{',
    '~1',
    '^{tree}',
    ':folder/one',
  ],
])('%j is what git takes it for', async (name) => {
  const { status, stdout } = repository.tryGit(['rev-parse', '--verify', '-q', '--end-of-options', name]);
  // Of the index, which git knows and we have not.
  const expected = status === 0 && !name.startsWith(':') ? stdout.toString().trim().split('\n').at(-1) : undefined;
  expect(await resolveObjectName(scope, name)).toBe(expected);
});

test('ids are names, whole and in part, if they may be named', async () => {
  const id = repository.line(['rev-parse', 'main:folder/one']);
  const mainId = repository.line(['rev-parse', 'main']);
  for (const name of [
    id,
    id.toUpperCase(),
    id.slice(0, 12),
    `${mainId}:folder/one`,
    `${mainId.slice(0, 12)}:folder/one`,
  ]) {
    expect(await resolveObjectName(scope, name)).toBe(id);
    const nothing = { ...scope, mayName: async (ids: readonly string[]) => ids.map(() => false) };
    expect(await resolveObjectName(nothing, name)).toBeUndefined();
  }
  expect(await resolveObjectName(scope, id.slice(0, 3))).toBeUndefined();
  expect(await resolveObjectName(scope, `${id}0`)).toBeUndefined();
});

test('no name is so long that it takes long', async () => {
  expect(await resolveObjectName(scope, `main${'~'.repeat(60_000)}x`)).toBeUndefined();
});
