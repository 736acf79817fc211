/** One repository that has some of everything: what scenarios ask for by name. */
import type { GeneratedRepository } from './generated-repository.ts';
import { ObjectModel } from './object-model.ts';

export interface ScenarioRepository {
  readonly repository: GeneratedRepository;
  /** On `main`, oldest first; a second apart in thousands. */
  readonly commits: readonly [string, string, string, string, string, string, string, string, string, string];
  readonly ids: Readonly<
    Record<
      | 'side'
      | 'hidden'
      | 'hiddenBlob'
      | 'lost'
      | 'large'
      | 'small'
      | 'folder'
      | 'patterns'
      | 'tag'
      | 'outerTag'
      | 'treeTag'
      | 'blobTag'
      | 'hiddenTag',
      string
    >
  >;
}

export function makeScenarioRepository(format: 'sha1' | 'sha256' = 'sha1'): ScenarioRepository {
  const model = new ObjectModel(format);
  const small = model.blob('small\n');
  const large = model.blob('A line of a large file\n'.repeat(100));
  const patterns = model.blob('/a/\n!/a/b/\n');
  const secret = model.blob('secret\n');
  const treeAt = (number: number, extra: { name: string; id: string }[] = []) => {
    const file = (name: string, id: string) => ({ mode: '100644' as const, name, id });
    const changing = model.blob(`Version ${number}\n`);
    const deepest = model.tree([file('deep', changing), file('fixed', small)]);
    const inner = model.tree([{ mode: '40000', name: 'c', id: deepest }, file('large', large)]);
    const outer = model.tree([
      { mode: '40000', name: 'b', id: inner },
      file('readme', model.blob(`Readme ${number >> 1}\n`)),
    ]);
    return model.tree([
      { mode: '40000', name: 'a', id: outer },
      file('patterns', patterns),
      file('top', changing),
      ...extra.map(({ name, id }) => file(name, id)),
    ]);
  };
  const commits: string[] = [];
  let side = '';
  for (let number = 0; number < 10; number++) {
    const parents = number === 0 ? [] : [commits[number - 1] as string];
    if (number === 5) side = model.commit(treeAt(50), [commits[3] as string], 1_700_004_500, 'Side');
    if (number === 7) parents.push(side);
    commits.push(model.commit(treeAt(number), parents, 1_700_000_000 + 1_000 * number, `Commit ${number}`));
  }
  const at = (number: number) => commits[number] as string;
  const hidden = model.commit(treeAt(60, [{ name: 'secret', id: secret }]), [at(2)], 1_700_002_500, 'Hidden');
  const lost = model.commit(treeAt(70), [at(8)], 1_700_020_000, 'Lost');
  const tag = model.tag(at(3), 'v1');
  const outerTag = model.tag(tag, 'v1-signed');
  const folder = model.get(model.get(at(9)).references[0] as string).references[0] as string;
  const treeTag = model.tag(folder, 'tree');
  const blobTag = model.tag(small, 'blob');
  const hiddenTag = model.tag(at(1), 'hidden');
  const refs = new Map([
    ['refs/changes/01/1', model.commit(treeAt(80), [at(4)], 1_700_005_500, 'Change')],
    ['refs/heads/main', at(9)],
    ['refs/heads/old', at(1)],
    ['refs/heads/side', side],
    ['refs/heads/topic/one', at(6)],
    ['refs/heads/ünï', at(5)],
    ['refs/hidden/commit', hidden],
    ['refs/hidden/tag', hiddenTag],
    ['refs/notes/commits', model.commit(model.tree([]), [], 1_700_000_000, 'Notes')],
    ['refs/tags/blob', blobTag],
    ['refs/tags/light', at(2)],
    ['refs/tags/raw-blob', large],
    ['refs/tags/raw-tree', folder],
    ['refs/tags/side', at(4)],
    ['refs/tags/tree', treeTag],
    ['refs/tags/v1', tag],
    ['refs/tags/v1-signed', outerTag],
  ]);
  return {
    repository: { model, refs, headTarget: 'refs/heads/main', commits, unreachable: [lost] },
    commits: commits as unknown as ScenarioRepository['commits'],
    ids: {
      side,
      hidden,
      hiddenBlob: secret,
      lost,
      large,
      small,
      folder,
      patterns,
      tag,
      outerTag,
      treeTag,
      blobTag,
      hiddenTag,
    },
  };
}
