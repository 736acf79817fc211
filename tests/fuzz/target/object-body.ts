/** Bodies of objects, sound and not: what fsck has rules about. */
import type { ModelType } from '../../differential/object-model.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';

const ID = '0123456789abcdef0123456789abcdef01234567';

const COMMITS = [
  `tree ${ID}\nparent ${ID}\nauthor A U Thor <a@example.com> 1700000000 +0100\ncommitter C <c@example.com> 1700000000 -0500\n\nmessage\n`,
  `tree ${ID}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\nencoding latin1\ngpgsig -----BEGIN\n line\n -----END\n\n`,
  `tree ${ID}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\nmergetag object ${ID}\n type commit\n tag x\n\nmerge`,
];
const TAGS = [
  `object ${ID}\ntype commit\ntag v1\ntagger A <a@b> 1700000000 +0000\n\nmessage\n`,
  `object ${ID}\ntype tree\ntag x\n\nno tagger\n-----BEGIN PGP SIGNATURE-----\n`,
];
const TREE_NAMES = ['a', 'b.c', 'dir', '.gitmodules', '.gitattributes', '.git', 'GIT~1', '..', 'z'.repeat(60)];
const BLOBS = [
  '[submodule "x"]\n\tpath = x\n\turl = https://example.com/x.git\n\tupdate = checkout\n',
  '[submodule "../x"]\n\tpath = -x\n\turl = -u./payload\n\tupdate = !sh\n',
  '[core]\n\ta = "quoted \\" # x"\n; comment\n\tb\\\n\tc = 1\n',
  '* text=auto eol=lf\n*.png -text\n[attr]binary -diff\n',
];

export const OBJECT_VOCABULARY = [
  ...['tree ', 'parent ', 'author ', 'committer ', 'encoding ', 'gpgsig ', 'object ', 'type ', 'tag ', 'tagger '],
  ...[' <', '> ', '<>', '+0000', '-9999', '\n\n', '\n ', ID, '[submodule "', '"]', 'path = ', 'url = ', 'update = '],
  ...['40000 ', '100644 ', '120000 ', '160000 ', '040000 ', '\0', '.GIT', '.gitmodules', 'git~1', '.g\u200cit'],
];

export function makeObjectBody(random: Random): { type: ModelType; body: Buffer } {
  const type = random.pick(['commit', 'tree', 'blob', 'tag'] as const);
  const body = makeSound(random, type);
  return { type, body: random.oneIn(3) ? body : mutate(random, body, OBJECT_VOCABULARY) };
}

/** A file that fsck reads by its name, such as `.gitmodules`, and the tree that names it. */
export function makeNamedFile(random: Random, idOf: (body: Buffer) => string): { blob: Buffer; tree: Buffer } {
  const sound = Buffer.from(random.pick(BLOBS));
  const blob = random.oneIn(3) ? sound : mutate(random, sound, OBJECT_VOCABULARY);
  const mode = random.oneIn(6) ? random.pick(['120000', '40000', '160000']) : '100644';
  const tree = Buffer.concat([Buffer.from(`${mode} ${random.pick(NAMED_FILES)}\0`), Buffer.from(idOf(blob), 'hex')]);
  return { blob, tree };
}

const NAMED_FILES = [
  ...['.gitmodules', '.gitmodules', '.gitmodules', '.gitattributes', '.gitattributes', '.gitignore', '.mailmap'],
  ...['.GITMODULES', 'gitmod~1', 'GITMOD~4', '.gitmodules ', '.gitm\u200codules', 'gitatt~1', '.gitattributes::$DATA'],
];

function makeSound(random: Random, type: ModelType): Buffer {
  switch (type) {
    case 'commit':
      return Buffer.from(random.pick(COMMITS));
    case 'tag':
      return Buffer.from(random.pick(TAGS));
    case 'blob':
      return random.oneIn(2) ? Buffer.from(random.pick(BLOBS)) : random.bytes(random.size(300));
    case 'tree': {
      const names = TREE_NAMES.filter(() => random.oneIn(3));
      const mode = () => random.pick(['100644', '40000', '120000', '160000', '100755']);
      return Buffer.concat(names.flatMap((name) => [Buffer.from(`${mode()} ${name}\0`), Buffer.from(ID, 'hex')]));
    }
  }
}
