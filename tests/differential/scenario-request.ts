/** Requests to upload-pack written down as text, and what a comparison of the answers has to know of them. */
import { encodePktLine } from '#git/pkt-line/encode.ts';
import { splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import type { FetchQuestion } from './fetch-question.ts';
import type { GeneratedRepository } from './generated-repository.ts';
import type { Answers } from './twins.ts';

/** A line is a pkt with a newline behind it; `0000` and its like are those pkts. After `=` no newline follows, after `!` come bytes as they are. */
export function encodeScript(script: string): Buffer {
  return Buffer.concat(script.split('\n').map(encodeLine));
}

function encodeLine(line: string): Uint8Array {
  if (/^000[012]$/.test(line)) return Buffer.from(line);
  if (line.startsWith('!')) return Buffer.from(line.slice(1));
  return encodePktLine(line.startsWith('=') ? line.slice(1) : `${line}\n`);
}

export function questionOf(
  version: 0 | 1 | 2,
  script: string,
  { model, refs }: GeneratedRepository,
  answers: Answers,
): FetchQuestion {
  const lines = script.split('\n');
  const after = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const idsAfter = (word: string) =>
    after(word)
      .map((text) => text.slice(0, model.zeroId.length).toLowerCase())
      .filter((id) => model.objects.has(id));
  const names = (word: string) => lines.some((line) => line.split(/[ \t]/).includes(word));
  return {
    version,
    pkts: lines,
    wants: idsAfter('want'),
    wantedRefTargets: after('want-ref').flatMap((name) => refs.get(name) ?? []),
    meetsHidden: false,
    haves: idsAfter('have'),
    clientShallow: idsAfter('shallow'),
    filter: after('filter')[0],
    thinPack: names('thin-pack'),
    ofsDelta: names('ofs-delta'),
    framing: version === 2 && names('sideband-all') ? 'sideband-all' : framingOf(answers),
  };
}

function framingOf({ ours, gits }: Answers): 'side-band' | 'none' {
  try {
    for (const { body } of [ours, gits]) for (const _ of splitPktLines(body));
    return 'side-band';
  } catch {
    return 'none';
  }
}
