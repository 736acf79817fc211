/** Objects in memory, with what each refers to: what a pack should hold can be said without asking the server under test. */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { PackMaker, TYPE, typeAndSize } from '../fixtures/pack-maker.ts';

export type ModelType = 'commit' | 'tree' | 'blob' | 'tag';
export type ModelFormat = 'sha1' | 'sha256';

export interface ModelObject {
  readonly type: ModelType;
  readonly body: Buffer;
  /** What it needs beside itself; submodules are elsewhere. */
  readonly references: readonly string[];
}

export interface ModelTreeEntry {
  readonly mode: '100644' | '100755' | '120000' | '160000' | '40000';
  readonly name: string;
  readonly id: string;
}

export class ObjectModel {
  readonly format: ModelFormat;
  readonly objects = new Map<string, ModelObject>();
  /** Entries of packs by id: to deflate them takes longer than all else about a pack. */
  readonly #entries = new Map<string, Buffer>();

  constructor(format: ModelFormat) {
    this.format = format;
  }

  get zeroId(): string {
    return '0'.repeat(this.format === 'sha1' ? 40 : 64);
  }

  blob(content: string | Uint8Array): string {
    return this.#add('blob', typeof content === 'string' ? Buffer.from(content) : Buffer.from(content), []);
  }

  tree(entries: readonly ModelTreeEntry[]): string {
    const sorted = entries.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    const body = sorted.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]);
    const references = sorted.filter(({ mode }) => mode !== '160000').map(({ id }) => id);
    return this.#add('tree', Buffer.concat(body), references);
  }

  commit(tree: string, parents: readonly string[], seconds: number, message: string): string {
    const who = `A U Thor <author@example.com> ${seconds} +0000`;
    const lines = [`tree ${tree}`, ...parents.map((id) => `parent ${id}`), `author ${who}`, `committer ${who}`];
    return this.#add('commit', Buffer.from(`${lines.join('\n')}\n\n${message}\n`), [tree, ...parents]);
  }

  tag(target: string, name: string): string {
    const type = this.get(target).type;
    const lines = [`object ${target}`, `type ${type}`, `tag ${name}`, 'tagger A <a@example.com> 1700000000 +0000'];
    return this.#add('tag', Buffer.from(`${lines.join('\n')}\n\nTag ${name}\n`), [target]);
  }

  get(id: string): ModelObject {
    const object = this.objects.get(id);
    if (!object) throw new Error(`model has no object ${id}`);
    return object;
  }

  parents(commitId: string): readonly string[] {
    return this.get(commitId).references.slice(1);
  }

  seconds(commitId: string): number {
    return Number(/^committer .* (\d+) \+0000$/m.exec(this.get(commitId).body.toString())?.[1]);
  }

  idOf(type: ModelType, body: Uint8Array): string {
    return createHash(this.format).update(`${type} ${body.length}\0`).update(body).digest('hex');
  }

  /** Everything that the roots lead to. Parents of a commit in `boundary` are not followed. */
  closure(roots: Iterable<string>, boundary: ReadonlySet<string> = new Set()): Set<string> {
    const found = new Set<string>();
    const pending = [...roots];
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      const { references } = this.get(id);
      pending.push(...(boundary.has(id) ? references.slice(0, 1) : references));
    }
    return found;
  }

  /** A pack of all of them, none a delta. */
  pack(ids: Iterable<string> = this.objects.keys()): Buffer {
    const maker = new PackMaker(this.format);
    for (const id of ids) maker.addRaw(this.#entry(id));
    return maker.build();
  }

  #entry(id: string): Buffer {
    const known = this.#entries.get(id);
    if (known) return known;
    const { type, body } = this.get(id);
    const entry = Buffer.concat([typeAndSize(TYPE[type], body.length), deflateSync(body)]);
    this.#entries.set(id, entry);
    return entry;
  }

  #add(type: ModelType, body: Buffer, references: readonly string[]): string {
    const id = this.idOf(type, body);
    this.objects.set(id, { type, body, references });
    return id;
  }
}

/** Folders sort as if their names ended with a slash — git's `base_name_compare`. */
function sortKey({ mode, name }: ModelTreeEntry): string {
  return mode === '40000' ? `${name}/` : name;
}
