/**
 * Finding out what both sides have — gitprotocol-pack(5), "Packfile Negotiation"; gitprotocol-v2(5), "fetch"; git's
 * `upload-pack.c` (`get_common_commits`, `send_acks`), whose answers these are, line for line.
 */
import type { ObjectId } from '#git/object/object-id.ts';
import { DELIM, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import type { FetchRequestV2 } from './fetch-request-v2.ts';
import type { UploadRequestV0 } from './upload-request-v0.ts';
import { WantCoverage } from './want-coverage.ts';

export interface NegotiationContext {
  readonly graph: CommitGraph;
  readonly wants: readonly ObjectId[];
  /** Which haves are in the repository, commits or not. */
  readonly known: ReadonlySet<ObjectId>;
}

export interface NegotiationAnswer {
  /** What goes out before the pack, or instead of it. */
  readonly pkts: readonly OutgoingPkt[];
  readonly sendsPack: boolean;
  /** What the client has, for the pack to leave out. */
  readonly common: readonly ObjectId[];
}

/** Answers one request in v0 and v1 over HTTP, where each request repeats what was common before. */
export function negotiateV0(request: UploadRequestV0, context: NegotiationContext): NegotiationAnswer {
  if (request.ending === 'silence') return { pkts: [], sendsPack: false, common: [] };
  const common = new CommonObjects(context);
  const answer = answerHaves(request, common);
  const { pkts } = answer;
  if (request.ending === 'done') {
    if (common.ids.length === 0) pkts.push('NAK\n');
    else if (request.acknowledgment !== 'single') pkts.push(`ACK ${answer.lastCommon}\n`);
    return { pkts, sendsPack: true, common: common.ids };
  }
  return endWithFlush(request, common, answer);
}

interface HavesAnswer {
  readonly pkts: OutgoingPkt[];
  lastCommon: ObjectId | undefined;
  sawUnknown: boolean;
  saidReady: boolean;
}

function answerHaves(request: UploadRequestV0, common: CommonObjects): HavesAnswer {
  const answer: HavesAnswer = { pkts: [], lastCommon: undefined, sawUnknown: false, saidReady: false };
  for (const id of request.haves) {
    if (common.add(id)) {
      answer.lastCommon = id;
      answer.pkts.push(...acknowledge(id, request, common));
    } else {
      answer.sawUnknown = true;
      answer.pkts.push(...feignKnowing(id, request, common, answer));
    }
  }
  return answer;
}

function acknowledge(id: ObjectId, request: UploadRequestV0, common: CommonObjects): OutgoingPkt[] {
  switch (request.acknowledgment) {
    case 'detailed':
      return [`ACK ${id} common\n`];
    case 'multi':
      return [`ACK ${id} continue\n`];
    case 'single':
      return common.ids.length === 1 ? [`ACK ${id}\n`] : [];
  }
}

/** Once enough is common, haves that we do not know are acknowledged too, so that the client stops digging there. */
function feignKnowing(
  id: ObjectId,
  request: UploadRequestV0,
  common: CommonObjects,
  answer: HavesAnswer,
): OutgoingPkt[] {
  if (request.acknowledgment === 'single' || !common.suffice()) return [];
  if (request.acknowledgment === 'multi') return [`ACK ${id} continue\n`];
  answer.saidReady = true;
  return [`ACK ${id} ready\n`];
}

function endWithFlush(request: UploadRequestV0, common: CommonObjects, answer: HavesAnswer): NegotiationAnswer {
  const { pkts, lastCommon } = answer;
  if (request.acknowledgment === 'detailed' && lastCommon && !answer.sawUnknown && common.suffice()) {
    answer.saidReady = true;
    pkts.push(`ACK ${lastCommon} ready\n`);
  }
  if (common.ids.length === 0 || request.acknowledgment !== 'single') pkts.push('NAK\n');
  const sendsPack = request.noDone && answer.saidReady;
  if (sendsPack) pkts.push(`ACK ${lastCommon}\n`);
  return { pkts, sendsPack, common: common.ids };
}

/** Answers one v2 `fetch`, up to where the next section would begin. */
export function negotiateV2(request: FetchRequestV2, context: NegotiationContext): NegotiationAnswer {
  const common = new CommonObjects(context);
  const acknowledged = new Set(request.haves.filter((id) => common.add(id)));
  const { wants, haves, done, waitForDone } = request;
  if (haves.length === 0 || done) return { pkts: [], sendsPack: wants.length > 0, common: common.ids };
  // Haves without wants are a question by themselves: `git fetch --negotiate-only`.
  if (wants.length === 0 && !waitForDone) return { pkts: [], sendsPack: false, common: [] };
  const pkts: OutgoingPkt[] = ['acknowledgments\n'];
  if (acknowledged.size === 0) pkts.push('NAK\n');
  for (const id of acknowledged) pkts.push(`ACK ${id}\n`);
  const ready = !waitForDone && common.suffice();
  if (ready) pkts.push('ready\n');
  pkts.push(ready ? DELIM : FLUSH);
  return { pkts, sendsPack: ready, common: common.ids };
}

/** What turned out to be on both sides. */
class CommonObjects {
  /** Without those that an earlier one implies. */
  readonly ids: ObjectId[] = [];
  readonly #graph: CommitGraph;
  readonly #known: ReadonlySet<ObjectId>;
  readonly #coverage: WantCoverage;
  readonly #otherIds = new Set<ObjectId>();

  constructor(context: NegotiationContext) {
    this.#graph = context.graph;
    this.#known = context.known;
    const wanted = context.wants.map((id) => context.graph.positionOf(id));
    this.#coverage = new WantCoverage(
      context.graph,
      wanted.filter((position) => position >= 0),
    );
  }

  /** @returns whether we have it */
  add(id: ObjectId): boolean {
    if (!this.#known.has(id)) return false;
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
