import { afterAll, expect, test } from 'vitest';
import { TextRenderer } from './text-renderer.ts';

const renderer = new TextRenderer({ workersMax: 1 });
afterAll(() => renderer.close());

test('highlights in a worker, one piece a line', async () => {
  const lines = await renderer.highlight({ blobId: 'a', text: '/* <b>\n*/ let x = 1;\n', languageId: 'typescript' });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe('<i class="hc">/* &lt;b&gt;</i>');
  expect(lines[1]).toContain('<i class="hk">let</i>');
});

test('shows text plain when there is no grammar', async () => {
  expect(await renderer.highlight({ blobId: 'b', text: 'a < b', languageId: 'no-such' })).toEqual(['a &lt; b']);
  expect(await renderer.highlight({ blobId: 'c', text: 'a < b', languageId: undefined })).toEqual(['a &lt; b']);
});

test('keeps what it rendered', async () => {
  const request = { blobId: 'd', text: 'let a', languageId: 'typescript' };
  expect(await renderer.highlight(request)).toBe(await renderer.highlight(request));
});

test('renders documents with their fenced code', async () => {
  const html = await renderer.markdown({ blobId: 'e', text: '# A\n\n```js\nlet a\n```\n', base: undefined });
  expect(html).toContain('<h1 id="user-content-a">A</h1>');
  expect(html).toContain('<i class="hk">let</i>');
});
