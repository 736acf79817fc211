/** Which refs of a push need what is missing: each object of the pack below them is read once, whatever the number of refs. */
import { fromHex } from '#bytes/hex.ts';
import { parseCommit } from '#git/object/commit.ts';
import { isGitlinkMode } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { parseTag } from '#git/object/tag.ts';
import { parseTree } from '#git/object/tree.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { limits } from '#limits.ts';
import type { LoadedPack, PackedObjectStore } from './packed-object-store.ts';

/** `shallow`: all that is missing are parents of commits where the client's own history ends. */
export type Connection = 'connected' | 'shallow' | 'missing';

export interface ConnectionQuestion {
  /** Of the repository and of the push. */
  readonly objects: PackedObjectStore;
  /** The pack of the push: everything elsewhere is connected, unless it is among the missing. */
  readonly pack: LoadedPack;
  readonly missing: IdTable;
  readonly shallowIds: ReadonlySet<ObjectId>;
  readonly signal: AbortSignal;
}

interface Frame {
  readonly id: ObjectId;
  readonly children: readonly ObjectId[];
  next: number;
  worst: Connection;
}

/** In the order of gravity; an object's note is its index here, plus one. */
const CONNECTIONS: readonly Connection[] = ['connected', 'shallow', 'missing'];

export class ConnectionSearch {
  readonly #question: ConnectionQuestion;
  readonly #known: IdTable;

  constructor(question: ConnectionQuestion) {
    this.#question = question;
    this.#known = new IdTable(question.objects.format);
  }

  /** How the object and all below it are connected. */
  async connectionOf(root: ObjectId): Promise<Connection> {
    const known = this.#lookUp(root);
    if (known) return known;
    const stack = [await this.#open(root)];
    for (let top = stack.at(-1) as Frame; ; top = stack.at(-1) as Frame) {
      this.#question.signal.throwIfAborted();
      const child = top.worst === 'missing' ? undefined : top.children[top.next++];
      if (child !== undefined) {
        const connection = this.#lookUp(child);
        if (connection) top.worst = worse(top.worst, this.#asChild(top, child, connection));
        else stack.push(await this.#open(child));
        continue;
      }
      this.#settle(top);
      stack.pop();
      const parent = stack.at(-1);
      if (!parent) return top.worst;
      parent.worst = worse(parent.worst, top.worst);
    }
  }

  /** A parent that is missing is less grave where the client has said that its history ends. */
  #asChild(frame: Frame, child: ObjectId, connection: Connection): Connection {
    const { missing, shallowIds } = this.#question;
    const isTree = frame.children[0] === child;
    const isCutOff = shallowIds.has(frame.id) && !isTree && missing.find(fromHex(child), 0) >= 0;
    return isCutOff ? 'shallow' : connection;
  }

  /** @returns undefined when it takes reading to know */
  #lookUp(id: ObjectId): Connection | undefined {
    const { missing, objects, pack } = this.#question;
    const slot = fromHex(id);
    if (missing.find(slot, 0) >= 0) return 'missing';
    const number = this.#known.find(slot, 0);
    if (number >= 0) return CONNECTIONS[(this.#known.notes[number] as number) - 1];
    if (pack.index.find(slot, 0) < 0) return objects.locate(slot) ? 'connected' : 'missing';
    // Whoever asks for more than this has a pack that is beyond repair, and hears so of all its refs.
    return this.#known.size > limits.pushTreesReadMax ? 'missing' : undefined;
  }

  #settle({ id, worst }: Frame): void {
    this.#known.mark(fromHex(id), 0, CONNECTIONS.indexOf(worst) + 1);
  }

  async #open(id: ObjectId): Promise<Frame> {
    return { id, children: await this.#childrenOf(id), next: 0, worst: 'connected' };
  }

  /** Of a commit, the tree comes first. */
  async #childrenOf(id: ObjectId): Promise<readonly ObjectId[]> {
    const { objects } = this.#question;
    const header = await objects.header(id);
    if (header?.type === 'blob') return [];
    const { type, body } = await objects.read(id);
    if (type === 'tag') return [parseTag(body, objects.format).targetId];
    if (type === 'tree') {
      const entries = parseTree(body, objects.format);
      return entries.filter(({ mode }) => !isGitlinkMode(mode)).map((entry) => entry.id);
    }
    const commit = parseCommit(body, objects.format);
    return [commit.treeId, ...commit.parentIds];
  }
}

function worse(a: Connection, b: Connection): Connection {
  return CONNECTIONS.indexOf(a) >= CONNECTIONS.indexOf(b) ? a : b;
}
