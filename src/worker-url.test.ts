import { expect, test } from 'vitest';
import { locateWorker } from './worker-url.ts';

const name = 'repository/ingest/ingest-worker';

test('names the source when run from the sources', () => {
  expect(locateWorker(name, 'file:///app/src/worker-url.ts').href).toBe(`file:///app/src/${name}.ts`);
});

test('names the bundle when run from the server or from a chunk of the pages', () => {
  expect(locateWorker(name, 'file:///app/dist/server.js').href).toBe(`file:///app/dist/${name}.js`);
  expect(locateWorker(name, 'file:///app/dist/pages/chunks/a_1.mjs').href).toBe(`file:///app/dist/${name}.js`);
});

test('a checkout below a folder called dist still runs from its sources', () => {
  expect(locateWorker(name, 'file:///dist/app/src/worker-url.ts').href).toBe(`file:///dist/app/src/${name}.ts`);
});
