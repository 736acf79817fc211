/**
 * The difference of two texts by lines: the same as that of `git diff` with its default algorithm and indent heuristic —
 * git-diff(1), `--diff-algorithm`.
 */
import { selectCandidates } from './candidate-lines.ts';
import { placeGroups } from './change-groups.ts';
import { markDifferences } from './common-subsequence.ts';
import { internLines, type TextLines } from './text-lines.ts';

/** Lines `[oldStart, oldEnd)` became `[newStart, newEnd)`; counted from 0, one of the two may be empty. */
export interface LineChange {
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
}

/** @returns the changes in order; between them the texts are equal, line by line */
export function diffLines(oldText: TextLines, newText: TextLines): LineChange[] {
  const interned = internLines(oldText, newText);
  const oldChanged = new Uint8Array(oldText.count);
  const newChanged = new Uint8Array(newText.count);
  const { oldCandidates, newCandidates } = selectCandidates(interned, oldChanged, newChanged);
  markDifferences(oldCandidates, newCandidates, oldChanged, newChanged);
  const oldSide = { text: oldText, ids: interned.oldIds, changed: oldChanged };
  const newSide = { text: newText, ids: interned.newIds, changed: newChanged };
  placeGroups(oldSide, newSide);
  placeGroups(newSide, oldSide);
  return collectChanges(oldChanged, newChanged);
}

function collectChanges(oldChanged: Uint8Array, newChanged: Uint8Array): LineChange[] {
  const changes: LineChange[] = [];
  let oldLine = 0;
  let newLine = 0;
  while (oldLine < oldChanged.length || newLine < newChanged.length) {
    const [oldStart, newStart] = [oldLine, newLine];
    while (oldChanged[oldLine] === 1) oldLine++;
    while (newChanged[newLine] === 1) newLine++;
    if (oldLine > oldStart || newLine > newStart)
      changes.push({ oldStart, oldEnd: oldLine, newStart, newEnd: newLine });
    oldLine++;
    newLine++;
  }
  return changes;
}
