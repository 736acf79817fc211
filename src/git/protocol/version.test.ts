import { expect, it } from 'vitest';
import { parseProtocolVersion } from './version.ts';

it.each([
  [undefined, 0],
  ['', 0],
  ['version=0', 0],
  ['version=1', 1],
  ['version=2', 2],
  ['version=1:version=2', 2],
  ['version=2:version=1', 2],
  ['frotz:version=2:key=value', 2],
  ['version=3', 0],
  ['Version=2', 0],
  ['version=2 ', 0],
] as const)('the header %j asks for version %i', (header, version) => {
  expect(parseProtocolVersion(header)).toBe(version);
});
