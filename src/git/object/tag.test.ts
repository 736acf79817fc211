import { expect, test } from 'vitest';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { CorruptObjectError } from '../errors.ts';
import { SHA1 } from './object-id.ts';
import { parseTag } from './tag.ts';

const TARGET = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

test('reads what git tag writes', () => {
  using repository = new ScratchRepository();
  const tree = repository.writeObject('tree', '');
  repository.git(['tag', '-a', '-m', 'Line\n\nBody', 'v1.0', tree]);
  const body = repository.readObject('tag', repository.line(['rev-parse', 'v1.0']));
  expect(parseTag(body, SHA1)).toEqual({
    targetId: tree,
    targetType: 'tree',
    name: 'v1.0',
    tagger: { name: 'Grace Hopper', email: 'grace@example.com', dateSeconds: 1_700_000_000, timezone: '-0500' },
    message: 'Line\n\nBody\n',
    signature: undefined,
  });
});

test('the last armour is the signature', () => {
  const armour = '-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n';
  const body = `object ${TARGET}\ntype commit\ntag v1\ntagger A <a> 1 +0000\n\nText\n${armour}more\n${armour}`;
  const tag = parseTag(Buffer.from(body), SHA1);
  expect(tag.message).toBe(`Text\n${armour}more\n`);
  expect(tag.signature).toBe(armour);
});

test('a tag may lack its tagger and its message', () => {
  const tag = parseTag(Buffer.from(`object ${TARGET}\ntype blob\ntag v0.99\n`), SHA1);
  expect([tag.tagger, tag.message, tag.name]).toEqual([undefined, '', 'v0.99']);
});

test.each([`type commit\n`, `object ${TARGET}\n`, `object ${TARGET}\ntype constructor\n`, `object 12\ntype blob\n`])(
  'refuses %j',
  (body) => {
    expect(() => parseTag(Buffer.from(body), SHA1)).toThrow(CorruptObjectError);
  },
);
