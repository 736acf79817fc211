import { expect, test } from 'vitest';
import { encodePath, parseRepositoryAddress } from './repository-path.ts';

const rest = (rawUrl: string) => parseRepositoryAddress(rawUrl)?.rest;

test('splits owner, name, view and rest', () => {
  const address = parseRepositoryAddress('/ada/engine/blob/main/src/a.ts?plain=1');
  expect(address).toMatchObject({ owner: 'ada', name: 'engine', view: 'blob' });
  expect(address?.query.get('plain')).toBe('1');
  expect(rest('/ada/engine/blob/main/src/a.ts?plain=1')).toBe('main/src/a.ts');
  expect(parseRepositoryAddress('/ada/engine')?.view).toBeUndefined();
  expect(parseRepositoryAddress('/ada/engine/')?.view).toBeUndefined();
  expect(parseRepositoryAddress('/ada')).toBeUndefined();
});

test.each([
  ['a%2523b', 'a%23b'],
  ['a%23b%3Fc', 'a#b?c'],
  ['100%25', '100%'],
  ['100%', '100%'],
  ['a%0Ab', 'a\nb'],
  ['%FF%FE', '\xff\xfe'],
  ['a+b', 'a+b'],
  ['a%2Fb', 'a/b'],
])('decodes %s once', (encoded, name) => {
  expect(rest(`/o/r/blob/main/${encoded}`)).toBe(`main/${name}`);
});

test.each(['/o/r/tree/main//x', '/o/r/tree/../x', '/o/r/tree/%2e%2e/x', '/o/r/tree/./x', '/o/r/tree/a%00b'])(
  'refuses %s',
  (rawUrl) => {
    expect(parseRepositoryAddress(rawUrl)).toBeUndefined();
  },
);

test.each(['a#b', 'a?b', '100%', 'a%23b', 'a\nb', 'ünï/cödé', "it's", 'a b', '"<>&'])(
  'encodes %j so that it decodes',
  (name) => {
    expect(rest(`/o/r/blob/${encodePath(name)}`)).toBe(name);
  },
);

test('a name that is not UTF-8 is the text that its link carries', () => {
  expect(rest('/o/r/blob/caf%E9')).toBe('café');
  expect(rest(`/o/r/blob/${encodePath('café')}`)).toBe('café');
});
