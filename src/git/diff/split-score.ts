/**
 * How natural it looks to cut a text above a line, from blank lines and indentation: the `indentHeuristic` of git-diff(1),
 * with its weights, which Michael Haggerty found by trials (github.com/mhagger/diff-slider-tools).
 */
import type { TextLines } from './text-lines.ts';

/** Deeper lines count as so deep: it bounds the work for lines that are no text. */
const INDENT_MAX_COLUMNS = 200;
const BLANK_LINES_MAX = 20;
const TAB_COLUMNS = 8;

const START_OF_FILE_PENALTY = 1;
const END_OF_FILE_PENALTY = 21;
const BLANK_LINE_WEIGHT = -30;
const BLANK_LINE_BELOW_WEIGHT = 6;
/** Penalties: [without blank lines around, with some]. */
const DEEPER_PENALTY = [-4, 10] as const;
const OUTDENT_PENALTY = [24, 17] as const;
const DEDENT_PENALTY = [23, 17] as const;
const INDENT_WEIGHT = 60;

const BLANK = -1;

export interface SplitScore {
  /** Smaller is better, and outweighs the penalty. */
  readonly indent: number;
  readonly penalty: number;
}

export function compareScores(a: SplitScore, b: SplitScore): number {
  return INDENT_WEIGHT * Math.sign(a.indent - b.indent) + (a.penalty - b.penalty);
}

/** The score of moving a group of changed lines to `[start, end)`, which cuts the text above and below it. */
export function scoreGroup(text: TextLines, start: number, end: number): SplitScore {
  const above = scoreSplit(text, start);
  const below = scoreSplit(text, end);
  return { indent: above.indent + below.indent, penalty: above.penalty + below.penalty };
}

interface Surroundings {
  /** Columns of the nearest line that is not blank; `BLANK` when there is none. */
  readonly indent: number;
  readonly blankCount: number;
}

function scoreSplit(text: TextLines, line: number): SplitScore {
  const isEnd = line >= text.count;
  const ownIndent = isEnd ? BLANK : indentOf(text, line);
  const above = surroundings(text, line - 1, -1);
  const below = surroundings(text, line + 1, 1);
  const blanksBelow = ownIndent === BLANK ? 1 + below.blankCount : 0;
  const blanks = above.blankCount + blanksBelow;
  const indent = ownIndent === BLANK ? below.indent : ownIndent;
  let penalty = BLANK_LINE_WEIGHT * blanks + BLANK_LINE_BELOW_WEIGHT * blanksBelow;
  if (above.indent === BLANK && above.blankCount === 0) penalty += START_OF_FILE_PENALTY;
  if (isEnd) penalty += END_OF_FILE_PENALTY;
  return { indent, penalty: penalty + indentPenalty(indent, above.indent, below.indent, blanks > 0 ? 1 : 0) };
}

function indentPenalty(indent: number, above: number, below: number, blanks: 0 | 1): number {
  if (indent === BLANK || above === BLANK || indent === above) return 0;
  if (indent > above) return DEEPER_PENALTY[blanks];
  // Less deep than the line above: the start of a block if deeper lines follow, else the end of one.
  return below !== BLANK && below > indent ? OUTDENT_PENALTY[blanks] : DEDENT_PENALTY[blanks];
}

function surroundings(text: TextLines, start: number, step: 1 | -1): Surroundings {
  let blankCount = 0;
  for (let line = start; line >= 0 && line < text.count; line += step) {
    const indent = indentOf(text, line);
    if (indent !== BLANK) return { indent, blankCount };
    if (++blankCount === BLANK_LINES_MAX) return { indent: 0, blankCount };
  }
  return { indent: BLANK, blankCount };
}

function indentOf(text: TextLines, line: number): number {
  const end = text.endOf(line);
  let columns = 0;
  for (let i = text.startOf(line); i < end; i++) {
    const byte = text.bytes[i] as number;
    if (byte === 0x20) columns++;
    else if (byte === 0x09) columns += TAB_COLUMNS - (columns % TAB_COLUMNS);
    else if (!isSpace(byte)) return columns;
    if (columns >= INDENT_MAX_COLUMNS) return INDENT_MAX_COLUMNS;
  }
  return BLANK;
}

/** TAB, LF, VT, FF, CR and SP. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
