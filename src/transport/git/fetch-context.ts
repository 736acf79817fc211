/** What one fetch may see and ask for: a snapshot of the repository, through the eyes of the client's rights and the owner's settings. */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectFilter } from '#git/filter/object-filter.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { peelTag } from '#git/object/peel-tag.ts';
import type { KnownHaves, NegotiationGraph } from '#git/protocol/negotiation.ts';
import { asksForDepth, deepenNotName, type ShallowRequest } from '#git/protocol/shallow-request.ts';
import { checkWants } from '#git/protocol/want-check.ts';
import { expandRefName, type VisibleRefs, visibleRefs } from '#git/refs/visible-refs.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { type GitSettings, refsHiddenFromFetches } from '#repository/git-settings.ts';
import type { DeepenRequest, RepositorySnapshot, ShallowUpdate } from '#repository/repository-engine.ts';
import { requireAllowedFilter } from './filter-policy.ts';
import type { GitDialogue, GitSession } from './git-session.ts';
import { doHeavyWork } from './heavy-work.ts';
import { resolveSparseBlobs } from './sparse-blob.ts';

type Admit = <Result>(work: () => Promise<Result>) => Promise<Result>;

export class FetchContext {
  readonly snapshot: RepositorySnapshot;
  readonly visible: VisibleRefs;
  readonly #settings: GitSettings;
  readonly #signal: AbortSignal;
  readonly #admit: Admit;

  static async open(session: GitSession): Promise<FetchContext> {
    const { services, repository, signal } = session;
    const snapshot = await services.engine.snapshot(repository.id, signal);
    return new FetchContext(snapshot, repository.gitSettings, signal, (work) => doHeavyWork(session, work));
  }

  private constructor(snapshot: RepositorySnapshot, settings: GitSettings, signal: AbortSignal, admit: Admit) {
    this.snapshot = snapshot;
    this.visible = visibleRefs(snapshot.refs, refsHiddenFromFetches(settings));
    this.#settings = settings;
    this.#signal = signal;
    this.#admit = admit;
  }

  /** @throws {ProtocolError} */
  async checkWants(wants: readonly ObjectId[], version: number, dialogue: GitDialogue): Promise<void> {
    const anyAllowed = this.#settings['uploadpack.allowAnySHA1InWant'];
    const tipsAllowed = anyAllowed || this.#settings['uploadpack.allowTipSHA1InWant'];
    // Where each round is a request of its own, the refs may have moved since the client saw them.
    const reachableAllowed =
      anyAllowed || this.#settings['uploadpack.allowReachableSHA1InWant'] || version === 2 || dialogue === 'stateless';
    await checkWants(wants, {
      tips: this.visible.tips,
      hiddenTips: tipsAllowed ? this.snapshot.refs.refs.map((ref) => ref.target) : [],
      allows: reachableAllowed ? (ids) => this.#mayHave(ids) : undefined,
    });
  }

  /** What is there and hidden from the client is as good as not there: an answer would tell that it exists. */
  async knownHaves(haves: readonly ObjectId[]): Promise<KnownHaves> {
    const known = await this.#mayHave(haves);
    return new Set(haves.filter((_, index) => known[index]));
  }

  /** In bytes; undefined for what the client may not know to exist. */
  async sizes(ids: readonly ObjectId[]): Promise<(number | undefined)[]> {
    const known = await this.#mayHave(ids);
    return Promise.all(
      ids.map(async (id, index) => (known[index] ? (await this.snapshot.objects.header(id))?.sizeBytes : undefined)),
    );
  }

  /** The filter as it is applied, with blobs by their ids. @throws {ProtocolError} */
  async resolve(filter: ObjectFilter | undefined): Promise<ObjectFilter | undefined> {
    if (filter === undefined) return undefined;
    const scope = {
      objects: this.snapshot.objects,
      refs: this.visible,
      mayName: (ids: readonly ObjectId[]) => this.#mayHave(ids),
    };
    return resolveSparseBlobs(scope, filter);
  }

  /** @throws {ProtocolError} */
  requireAllowed(filter: ObjectFilter | undefined): void {
    if (filter !== undefined) requireAllowedFilter(filter, this.#settings);
  }

  /** Of the commits that a client names as its boundary, those that it may know here. @throws {ProtocolError} one that is no commit */
  async clientShallow({ clientShallow }: ShallowRequest): Promise<ObjectId[]> {
    if (clientShallow.length === 0) return [];
    const known = await this.knownHaves(clientShallow);
    const graph = await this.snapshot.objects.commitGraph();
    return clientShallow.filter((id) => {
      if (known.has(id) && graph.positionOf(id) < 0) throw new ProtocolError(`invalid shallow object ${id}`);
      return known.has(id);
    });
  }

  /** @returns undefined when the client asks for all of history @throws {ProtocolError} */
  async deepen(
    wants: readonly ObjectId[],
    clientShallow: readonly ObjectId[],
    haves: readonly ObjectId[],
    request: ShallowRequest,
  ): Promise<ShallowUpdate | undefined> {
    if (!asksForDepth(request)) return undefined;
    const { refs: visibleRefs } = this.visible;
    const limit = this.#historyLimit(request);
    return this.snapshot.deepen({ wants, clientShallow, haves, visibleRefs, signal: this.#signal, limit });
  }

  /** The wants as commits, for negotiation: tags stand for what they lead to. */
  async commitsOf(wants: readonly ObjectId[]): Promise<ObjectId[]> {
    return Promise.all(wants.map((id) => peelTag(this.snapshot.objects, id)));
  }

  /** The graph as a client sees it whose history ends at some commits. */
  async graphCutAt(boundary: readonly ObjectId[]): Promise<NegotiationGraph> {
    const graph = await this.snapshot.objects.commitGraph();
    return boundary.length === 0 ? graph : cutGraph(graph, boundary);
  }

  async parentsOf(commitIds: readonly ObjectId[]): Promise<ObjectId[]> {
    if (commitIds.length === 0) return [];
    const graph = await this.snapshot.objects.commitGraph();
    return commitIds.flatMap((id) => {
      const position = graph.positionOf(id);
      const count = position < 0 ? 0 : graph.parentCount(position);
      const parents = Array.from({ length: count }, (_, index) => graph.parentAt(position, index));
      return parents.filter((parent) => parent >= 0).map((parent) => graph.idAt(parent));
    });
  }

  #mayHave(ids: readonly ObjectId[]): Promise<boolean[]> {
    if (this.#settings['uploadpack.allowAnySHA1InWant']) return this.snapshot.containsMany(ids);
    return this.snapshot.reachableMany(ids, this.visible.refs, { signal: this.#signal, admit: this.#admit });
  }

  /** Finds faults in the order in which git does: names first. */
  #historyLimit({ depth, relative, byRevisions, sinceSeconds, notLines }: ShallowRequest): DeepenRequest['limit'] {
    const notIds = notLines.map((line) => this.#resolveNot(line));
    if (depth === 0) return { kind: 'since', sinceSeconds, notIds };
    if (!byRevisions) return { kind: 'depth', depth, relative };
    throw new ProtocolError('git upload-pack: deepen and deepen-since (or deepen-not) cannot be used together');
  }

  #resolveNot(line: string): ObjectId {
    const [ref, ...others] = expandRefName(this.visible, deepenNotName(line));
    if (ref === undefined) throw new ProtocolError(`git upload-pack: deepen-not is not a ref: ${line}`);
    if (others.length > 0) throw new ProtocolError(`git upload-pack: ambiguous deepen-not: ${line}`);
    return ref.peeled ?? ref.target;
  }
}

function cutGraph(graph: CommitGraph, boundary: readonly ObjectId[]): NegotiationGraph {
  const ends = new Set(boundary.map((id) => graph.positionOf(id)));
  return {
    count: graph.count,
    positionOf: (id) => graph.positionOf(id),
    dateAt: (position) => graph.dateAt(position),
    parentCount: (position) => (ends.has(position) ? 0 : graph.parentCount(position)),
    parentAt: (position, index) => graph.parentAt(position, index),
  };
}
