import { expect, test } from 'vitest';
import { readForm } from './form.ts';

const post = (body: string, type = 'application/x-www-form-urlencoded') =>
  readForm(new Request('http://x.example', { method: 'POST', body, headers: { 'content-type': type } }));

test('texts are trimmed, passwords are not', async () => {
  const form = await post('name=+ada+&password=+a+b+&scope=repo&scope=user');
  expect(form.text('name')).toBe('ada');
  expect(form.exact('password')).toBe(' a b ');
  expect(form.all('scope')).toEqual(['repo', 'user']);
  expect(form.text('missing')).toBe('');
});

test('a field sent twice is one text, never a list', async () => {
  expect((await post('email=a%40x&email=b%40x')).text('email')).toBe('b@x');
});

test('other content types have no fields', async () => {
  expect((await post('name=ada', 'text/plain')).text('name')).toBe('');
});
