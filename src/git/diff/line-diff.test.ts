import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffLines } from './line-diff.ts';
import { TextLines } from './text-lines.ts';

function textOf(lines: readonly string[]): TextLines {
  return new TextLines(Buffer.from(lines.map((line) => `${line}\n`).join('')));
}

function linesOf(text: TextLines): string[] {
  return Array.from({ length: text.count }, (_, line) => Buffer.from(text.bytesOf(line)).toString());
}

const line = fc.constantFrom('', '{', '}', '  a', '  b', 'c', '\td');

test('applying the changes to the old text gives the new one', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.array(line, { maxLength: 40 }), (oldLines, newLines) => {
      const [oldText, newText] = [textOf(oldLines), textOf(newLines)];
      const result: string[] = [];
      let oldLine = 0;
      for (const change of diffLines(oldText, newText)) {
        result.push(...linesOf(oldText).slice(oldLine, change.oldStart));
        expect(result.length).toBe(change.newStart);
        result.push(...linesOf(newText).slice(change.newStart, change.newEnd));
        oldLine = change.oldEnd;
      }
      expect([...result, ...linesOf(oldText).slice(oldLine)]).toEqual(linesOf(newText));
    }),
  );
});

test('equal texts have no changes, and an empty one is all added or removed', () => {
  expect(diffLines(textOf(['a', 'b']), textOf(['a', 'b']))).toEqual([]);
  expect(diffLines(textOf([]), textOf([]))).toEqual([]);
  expect(diffLines(textOf([]), textOf(['a', 'b']))).toEqual([{ oldStart: 0, oldEnd: 0, newStart: 0, newEnd: 2 }]);
  expect(diffLines(textOf(['a', 'b']), textOf([]))).toEqual([{ oldStart: 0, oldEnd: 2, newStart: 0, newEnd: 0 }]);
});

test('texts made to be costly are compared all the same', () => {
  const scrambled = (factor: number) =>
    textOf(Array.from({ length: 20_000 }, (_, index) => `${(index * factor) % 10_007}`));
  const [oldText, newText] = [scrambled(7), scrambled(4001)];
  const changes = diffLines(oldText, newText);
  const removed = changes.reduce((sum, change) => sum + change.oldEnd - change.oldStart, 0);
  const added = changes.reduce((sum, change) => sum + change.newEnd - change.newStart, 0);
  expect(oldText.count - removed).toBe(newText.count - added);
  expect(removed).toBeGreaterThan(0);
});
