import { expect, test } from 'vitest';
import type { Services } from '#services.ts';
import { readFile } from './file-page.ts';
import type { OpenedRevision } from './repository-page.ts';

const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'4d'.repeat(32)}\nsize 12582912\n`;

function read(name: string, text: string, form: 'rendered' | 'source', stored: 'stored' | 'missing' = 'stored') {
  const content = {
    kind: 'text',
    sizeBytes: text.length,
    text,
    lines: text.trimEnd().split('\n'),
    encoding: 'utf-8',
  } as const;
  const services = {
    browse: { readBlob: async () => content },
    lfsObjects: {
      find: async (_repositoryId: number, oid: string) =>
        stored === 'stored' ? { oid, sizeBytes: 12_582_912, blobId: 'blob' } : undefined,
    },
    textRenderer: { highlight: async () => ({ lines: content.lines, isFinal: true }) },
  } as unknown as Services;
  const opened = { repository: { id: 1 }, snapshot: { objects: {} } } as unknown as OpenedRevision;
  const entry = { kind: 'file', name, nameBytes: Buffer.from(name), id: 'id', mode: 0o100644 } as const;
  return readFile(services, opened, entry as never, form);
}

test('a pointer of Git LFS is shown as the file that it stands for', async () => {
  expect(await read('model.bin', POINTER, 'rendered')).toEqual({
    facts: ['12 MiB', 'Git LFS'],
    hasDocument: true,
    content: {
      kind: 'large-file',
      oid: '4d'.repeat(32),
      sizeBytes: 12_582_912,
      state: 'stored',
      isImage: false,
    },
  });
  expect((await read('picture.png', POINTER, 'rendered')).content).toMatchObject({ isImage: true });
});

test('a pointer to nothing says so', async () => {
  const { content } = await read('picture.png', POINTER, 'rendered', 'missing');
  expect(content).toMatchObject({ kind: 'large-file', state: 'missing' });
});

test('the source of such a file is its pointer', async () => {
  expect((await read('model.bin', POINTER, 'source')).content.kind).toBe('code');
});

test('text that is no pointer is text', async () => {
  expect((await read('model.bin', POINTER.replace('v1', 'v2'), 'rendered')).content.kind).toBe('code');
});
