/** What differs between two answers to one fetch, in sentences; and whether the pack is what the client needs. */
import type { OutgoingPkt } from '#git/pkt-line/encode.ts';
import { type FetchAnswer, takeApart } from './fetch-answer.ts';
import type { FetchQuestion } from './fetch-question.ts';
import type { ObjectModel } from './object-model.ts';
import { readPackContent } from './pack-content.ts';
import type { Answers } from './twins.ts';

function asksRelatively(pkt: OutgoingPkt): boolean {
  return typeof pkt === 'string' && pkt.includes('deepen-relative');
}

/** @param visible all that some visible ref leads to */
export function compareFetch(
  question: FetchQuestion,
  { ours, gits }: Answers,
  model: ObjectModel,
  visible: ReadonlySet<string>,
  depth: 'packs' | 'lines' = 'packs',
): string[] {
  const [ourParts, gitParts] = [ours, gits].map((answer) => takeApart(answer.body, question.framing));
  if (!ourParts || !gitParts) throw new Error('no answers');
  const differences: string[] = [];
  const same = (what: string, ourValue: unknown, gitValue: unknown) => {
    if (JSON.stringify(ourValue) !== JSON.stringify(gitValue)) {
      differences.push(`${what}\n    ours ${JSON.stringify(ourValue)}\n    git  ${JSON.stringify(gitValue)}`);
    }
  };
  same('status', ours.status, gits.status);
  same('headers', ours.headers, gits.headers);
  // Where the two may differ, `engine-deepen.test.ts` tells.
  if (question.pkts.some(asksRelatively)) return differences;
  // Git gives whatever it has to those who know the id: in version 2 anything, in the others all but commits.
  const secret = question.wants.find((id) => !visible.has(id));
  if (secret !== undefined) {
    const told = ourParts.errors.map((text) => text.replace(/^ERR /, ''));
    same('error', told, [`upload-pack: not our ref ${secret}`]);
    return differences;
  }
  // Git refuses that since 2.45; before, it named the ref twice.
  if (/^(ERR )?duplicate want-ref /.test(ourParts.errors[0] ?? '')) return differences;
  if (gitParts.errors.length > 0 || gits.log !== '') {
    compareErrors(ourParts, gitParts, gits.log, same);
    return differences;
  }
  same('errors', ourParts.errors, []);
  // Git marks the targets of hidden refs by the same bit as what it finds reached, and takes the one for the other: it is ready too early.
  if (question.meetsHidden && gitParts.lines.some((line) => /^(ready$|ACK \w+ (ready|continue))/.test(line)))
    return differences;
  same('lines', ourParts.lines, inOrder(withoutRepeatedAcknowledgments(gitParts.lines, question.version)));
  same('ending', ourParts.ending, gitParts.ending);
  same('pack sent', ourParts.pack !== undefined, gitParts.pack !== undefined);
  if (depth === 'packs' && ourParts.pack && gitParts.pack) {
    differences.push(...comparePacks(question, ourParts.pack, gitParts.pack, model));
  }
  return differences;
}

/** Git tells the client by an ERR line, or dies with words that only its log has; ours go to the client in both cases. */
function compareErrors(
  ours: FetchAnswer,
  gits: FetchAnswer,
  log: string,
  same: (what: string, ours: unknown, gits: unknown) => void,
): void {
  const fatal = /^(?:fatal|error): (.*)$/m.exec(log)?.[1];
  const told = gits.errors[0]?.replace(/^ERR /, '');
  // Ours reads a request to its end before it looks at its lines.
  if (/^ERR (the remote end hung up unexpectedly|expected flush after \S+ arguments)$/.test(ours.errors[0] ?? ''))
    return;
  // What is no ref was called ambiguous before git 2.48.
  const asGitSays = (text: string | undefined) => text?.replace('deepen-not is not a ref', 'ambiguous deepen-not');
  same('error', asGitSays(ours.errors[0]?.replace(/^ERR /, '')), asGitSays(told ?? fatal));
}

function comparePacks(question: FetchQuestion, ourPack: Buffer, gitPack: Buffer, model: ObjectModel): string[] {
  const gits = readPackContent(gitPack, model);
  let ours: ReturnType<typeof readPackContent>;
  try {
    ours = readPackContent(ourPack, model);
  } catch (error) {
    return [`our pack: ${error instanceof Error ? error.message : error}`];
  }
  const differences: string[] = [];
  const describe = (id: string) => `${model.get(id).type} ${id}`;
  const clientHas = model.closure(question.haves, new Set(question.clientShallow));
  const lacking = [...gits.ids].filter((id) => !ours.ids.has(id));
  // Either side may send some of what the client has, where it saves itself the walk that would tell.
  // A tag that nobody asked for comes along with its target, so not with one that only git has sent again.
  const cameAlong = (id: string) => !model.closure(question.wants).has(id) && clientHas.has(peeled(model, id));
  const missing = lacking.filter((id) => !clientHas.has(id) && !cameAlong(id));
  const asked = askedFor(question, model);
  // What is asked for by id is sent, whatever a filter says; git forgets that it was, when it meets the object again in a commit. Of an
  // object that is asked for and the client has, git sends nothing, and so no tag either.
  const mayComeBesides = (id: string) => asked.has(id) || (peeled(model, id) !== id && ours.ids.has(peeled(model, id)));
  const needless = [...ours.ids].filter((id) => !gits.ids.has(id) && !clientHas.has(id) && !mayComeBesides(id));
  if (missing.length > 0) differences.push(`our pack lacks ${missing.map(describe).join(', ')}`);
  if (needless.length > 0) differences.push(`our pack has besides ${needless.map(describe).join(', ')}`);
  const strangeBases = [...ours.outsideBases].filter((id) => !clientHas.has(id));
  if (strangeBases.length > 0) differences.push(`our pack stands on ${strangeBases.map(describe).join(', ')}`);
  if (ours.outsideBases.size > 0 && !question.thinPack) differences.push('our pack is thin, which nobody asked for');
  if (ours.ofsDeltas > 0 && !question.ofsDelta) differences.push('our pack has ofs-deltas, which nobody asked for');
  return differences;
}

/** Ids that are wanted, and what tags among them lead to. */
function askedFor({ wants, wantedRefTargets }: FetchQuestion, model: ObjectModel): Set<string> {
  const ids = [...wants, ...wantedRefTargets];
  return new Set([...ids, ...ids.map((id) => (model.objects.has(id) ? peeled(model, id) : id))]);
}

function peeled(model: ObjectModel, id: string): string {
  const { type, references } = model.get(id);
  return type === 'tag' && references[0] !== undefined ? peeled(model, references[0]) : id;
}

/** Git's server sends `wanted-refs` before `shallow-info`, which its own client does not take: ours has the order of the book. */
function inOrder(lines: readonly string[]): readonly string[] {
  const refs = lines.indexOf('wanted-refs');
  const shallow = lines.indexOf('shallow-info');
  if (refs < 0 || shallow < refs) return lines;
  const end = lines.indexOf('<delim>', shallow) + 1;
  return [...lines.slice(0, refs), ...lines.slice(shallow, end), ...lines.slice(refs, shallow), ...lines.slice(end)];
}

/** Some versions of git acknowledge a have as often as it was sent. */
function withoutRepeatedAcknowledgments(lines: readonly string[], version: number): readonly string[] {
  return version === 2 ? lines.filter((line, at) => !line.startsWith('ACK ') || lines.indexOf(line) === at) : lines;
}

export function describePkts(pkts: readonly OutgoingPkt[]): string {
  return pkts
    .map((pkt) =>
      typeof pkt === 'string' ? pkt.trimEnd() : 'kind' in pkt ? `<${pkt.kind}>` : Buffer.from(pkt).toString(),
    )
    .join(' | ');
}
