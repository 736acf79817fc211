import { afterAll, expect, test } from 'vitest';
import { TextRenderer } from './text-renderer.ts';

const LONG_MS = 30_000;
const renderer = new TextRenderer({ workersMax: 1 });
afterAll(() => renderer.close());

test('highlights in a worker, one piece a line', async () => {
  const text = '/* <b>\n*/ let x = 1;\n';
  const { lines } = await renderer.highlight({ blobId: 'a', text, languageId: 'typescript' }, LONG_MS);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe('<i class="hc">/* &lt;b&gt;</i>');
  expect(lines[1]).toContain('<i class="hk">let</i>');
});

test('shows text plain when there is no grammar', async () => {
  for (const languageId of ['no-such', undefined]) {
    const result = await renderer.highlight({ blobId: 'b', text: 'a < b', languageId }, LONG_MS);
    expect(result).toEqual({ lines: ['a &lt; b'], isFinal: true });
  }
});

test('keeps what it rendered', async () => {
  const request = { blobId: 'd', text: 'let a', languageId: 'typescript' };
  const { lines } = await renderer.highlight(request, LONG_MS);
  expect((await renderer.highlight(request)).lines).toBe(lines);
});

test('shows text plain rather than wait, and coloured later', async () => {
  const request = { blobId: 'f', text: 'let a\n'.repeat(5_000), languageId: 'typescript' };
  const plain = await renderer.highlight(request, 0);
  expect([plain.isFinal, plain.lines[0]]).toEqual([false, 'let a']);
  const coloured = await renderer.highlight(request, LONG_MS);
  expect([coloured.isFinal, coloured.lines[0]]).toEqual([true, '<i class="hk">let</i> a']);
});

test('renders documents with their fenced code', async () => {
  const html = await renderer.markdown({ blobId: 'e', text: '# A\n\n```js\nlet a\n```\n', base: undefined });
  expect(html).toContain('<h1 id="user-content-a">A</h1>');
  expect(html).toContain('<i class="hk">let</i>');
});
