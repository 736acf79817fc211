/**
 * Finding out what both sides have — gitprotocol-pack(5), "Packfile Negotiation"; gitprotocol-v2(5), "fetch"; git's
 * `upload-pack.c` (`get_common_commits`, `send_acks`), whose answers these are, line for line.
 */
import type { ObjectId } from '#git/object/object-id.ts';
import { DELIM, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import type { FetchRequestV2 } from './fetch-request-v2.ts';
import type { HavesRound, UploadNeeds } from './upload-request-v0.ts';
import { type Ancestry, WantCoverage } from './want-coverage.ts';

/** Cut where the client's history is cut, where it is. */
export type NegotiationGraph = Ancestry & Pick<CommitGraph, 'positionOf'>;

export interface NegotiationAnswer {
  /** What goes out before the pack, or instead of it. */
  readonly pkts: readonly OutgoingPkt[];
  readonly sendsPack: boolean;
}

/** Which of some haves we have too, and the client may know that we have. */
export type KnownHaves = ReadonlySet<ObjectId>;

/** The rounds of v0 and v1: one after another on a connection; over HTTP one a request, which repeats what was common before. */
export class NegotiationV0 {
  readonly #mode: Pick<UploadNeeds, 'acknowledgment' | 'noDone'>;
  readonly #common: CommonObjects;
  #lastCommon: ObjectId | undefined;
  #saidReady = false;

  constructor(mode: Pick<UploadNeeds, 'acknowledgment' | 'noDone'>, common: CommonObjects) {
    this.#mode = mode;
    this.#common = common;
  }

  answer({ haves, ending }: HavesRound, known: KnownHaves): NegotiationAnswer {
    const pkts: OutgoingPkt[] = [];
    let sawCommon = false;
    let sawUnknown = false;
    for (const id of haves) {
      if (this.#common.add(id, known)) {
        sawCommon = true;
        this.#lastCommon = id;
        pkts.push(...this.#acknowledge(id));
      } else {
        sawUnknown = true;
        pkts.push(...this.#feignKnowing(id));
      }
    }
    if (ending === 'done') return { pkts: [...pkts, ...this.#endWithDone()], sendsPack: true };
    return this.#endWithFlush(pkts, sawCommon && !sawUnknown);
  }

  #acknowledge(id: ObjectId): OutgoingPkt[] {
    switch (this.#mode.acknowledgment) {
      case 'detailed':
        return [`ACK ${id} common\n`];
      case 'multi':
        return [`ACK ${id} continue\n`];
      case 'single':
        return this.#common.ids.length === 1 ? [`ACK ${id}\n`] : [];
    }
  }

  /** Once enough is common, haves that we do not know are acknowledged too, so that the client stops digging there. */
  #feignKnowing(id: ObjectId): OutgoingPkt[] {
    const { acknowledgment } = this.#mode;
    if (acknowledgment === 'single' || !this.#common.suffice()) return [];
    if (acknowledgment === 'multi') return [`ACK ${id} continue\n`];
    this.#saidReady = true;
    return [`ACK ${id} ready\n`];
  }

  #endWithDone(): OutgoingPkt[] {
    if (this.#common.ids.length === 0) return ['NAK\n'];
    return this.#mode.acknowledgment === 'single' ? [] : [`ACK ${this.#lastCommon}\n`];
  }

  #endWithFlush(pkts: OutgoingPkt[], onlyCommon: boolean): NegotiationAnswer {
    const { acknowledgment, noDone } = this.#mode;
    if (acknowledgment === 'detailed' && onlyCommon && this.#common.suffice()) {
      this.#saidReady = true;
      pkts.push(`ACK ${this.#lastCommon} ready\n`);
    }
    if (this.#common.ids.length === 0 || acknowledgment !== 'single') pkts.push('NAK\n');
    const sendsPack = noDone && this.#saidReady;
    if (sendsPack) pkts.push(`ACK ${this.#lastCommon}\n`);
    return { pkts, sendsPack };
  }
}

/** Answers one v2 `fetch`, up to where the next section would begin. */
export function negotiateV2(
  request: Pick<FetchRequestV2, 'haves' | 'done' | 'waitForDone'> & { readonly wantCount: number },
  common: CommonObjects,
  known: KnownHaves,
): NegotiationAnswer {
  const acknowledged = new Set(request.haves.filter((id) => common.add(id, known)));
  const { wantCount, haves, done, waitForDone } = request;
  // Haves without wants are a question by themselves: `git fetch --negotiate-only`.
  if (wantCount === 0 && !waitForDone) return { pkts: [], sendsPack: false };
  if (haves.length === 0 || done) return { pkts: [], sendsPack: true };
  const pkts: OutgoingPkt[] = ['acknowledgments\n'];
  if (acknowledged.size === 0) pkts.push('NAK\n');
  for (const id of acknowledged) pkts.push(`ACK ${id}\n`);
  const ready = !waitForDone && common.suffice();
  if (ready) pkts.push('ready\n');
  pkts.push(ready ? DELIM : FLUSH);
  return { pkts, sendsPack: ready };
}

/** What turned out to be on both sides. */
export class CommonObjects {
  /** Without those that an earlier one implies. */
  readonly ids: ObjectId[] = [];
  readonly #graph: NegotiationGraph;
  readonly #coverage: WantCoverage;
  readonly #otherIds = new Set<ObjectId>();

  /** @param wants commits; tags stand for what they lead to, and what leads to no commit does not count */
  constructor(graph: NegotiationGraph, wants: readonly ObjectId[]) {
    this.#graph = graph;
    const wanted = wants.map((id) => graph.positionOf(id));
    this.#coverage = new WantCoverage(
      graph,
      wanted.filter((position) => position >= 0),
    );
  }

  /** @returns whether we have it */
  add(id: ObjectId, known: KnownHaves): boolean {
    if (!known.has(id)) return false;
    if (this.#isNews(id)) this.ids.push(id);
    return true;
  }

  /** Whether the client need not go on: every want descends from something common. */
  suffice(): boolean {
    return this.ids.length > 0 && this.#coverage.isComplete();
  }

  #isNews(id: ObjectId): boolean {
    const position = this.#graph.positionOf(id);
    if (position >= 0) return this.#coverage.addHave(position);
    if (this.#otherIds.has(id)) return false;
    this.#otherIds.add(id);
    return true;
  }
}
