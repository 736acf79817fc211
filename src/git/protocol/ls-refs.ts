/** The v2 command `ls-refs` — gitprotocol-v2(5), "ls-refs"; git's `ls-refs.c`. */
import { ProtocolError } from '#git/errors.ts';
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import type { Ref, RefSnapshot } from '#git/ref-store.ts';
import type { VisibleRefs } from '#git/refs/visible-refs.ts';
import { limits } from '#limits.ts';

export interface LsRefsRequest {
  readonly peel: boolean;
  readonly symrefs: boolean;
  readonly unborn: boolean;
  /** A ref is shown when its name begins with one of these; with none of them, all are. */
  readonly prefixes: readonly string[];
}

type ShownRefs = RefSnapshot & Pick<VisibleRefs, 'showsHead'>;

const REF_PREFIX = 'ref-prefix ';

/** @throws {ProtocolError} an argument that we did not offer */
export async function readLsRefsRequest(argumentLines: AsyncIterable<string>): Promise<LsRefsRequest> {
  const flags = { peel: false, symrefs: false, unborn: false };
  const prefixes: string[] = [];
  for await (const line of argumentLines) {
    if (line === 'peel' || line === 'symrefs' || line === 'unborn') flags[line] = true;
    else if (line.startsWith(REF_PREFIX)) prefixes.push(line.slice(REF_PREFIX.length));
    else throw new ProtocolError(`unexpected line: '${line}'`);
  }
  // A cut list would hide refs that were asked for; showing all of them is what git does.
  return { ...flags, prefixes: prefixes.length >= limits.refPrefixesMax ? [] : prefixes };
}

export function* answerLsRefs(refs: ShownRefs, request: LsRefsRequest): Generator<OutgoingPkt> {
  if (refs.showsHead && matches('HEAD', request.prefixes)) yield* headLine(refs, request);
  for (const ref of selectRefs(refs.refs, request.prefixes)) {
    yield `${ref.target} ${ref.name}${peeledAttribute(ref, request)}\n`;
  }
  yield FLUSH;
}

function* headLine(refs: RefSnapshot, request: LsRefsRequest): Generator<OutgoingPkt> {
  const head = refs.find('HEAD');
  const symref = request.symrefs ? ` symref-target:${refs.headTarget}` : '';
  if (head) yield `${head.target} HEAD${symref}${peeledAttribute(head, request)}\n`;
  else if (request.unborn && request.symrefs) yield `unborn HEAD${symref}\n`;
}

function peeledAttribute(ref: Ref, request: LsRefsRequest): string {
  return request.peel && ref.peeled ? ` peeled:${ref.peeled}` : '';
}

function matches(name: string, prefixes: readonly string[]): boolean {
  return prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));
}

/**
 * Walks refs and prefixes side by side, for 65,536 prefixes times 100,000 refs is too much to compare. Of two prefixes where
 * one begins with the other only the shorter is kept, so no two select the same ref and each selects one stretch of the list.
 */
function* selectRefs(refs: readonly Ref[], prefixes: readonly string[]): Generator<Ref> {
  if (prefixes.length === 0) yield* refs;
  for (const prefix of withoutCovered(prefixes)) {
    for (let i = lowerBound(refs, prefix); refs[i]?.name.startsWith(prefix); i++) yield refs[i] as Ref;
  }
}

function withoutCovered(prefixes: readonly string[]): string[] {
  const kept: string[] = [];
  for (const prefix of [...prefixes].sort(compareUtf8)) {
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}

/** The first ref whose name is not before `prefix`. */
function lowerBound(refs: readonly Ref[], prefix: string): number {
  let low = 0;
  let high = refs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8((refs[middle] as Ref).name, prefix) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Byte by byte, as refs are sorted; JavaScript's own order differs beyond the Basic Multilingual Plane. */
function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
