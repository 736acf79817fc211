/** The attributes of paths on a walk through a tree: the files of the folders above, the deepest first — gitattributes(5). */
import { type AttributeFile, type AttributeState, type AttributeValue, matchesPathPattern } from './attribute-file.ts';

/** What git itself defines: `attr.c`, "builtin_attr". */
const BUILT_IN_MACROS: readonly (readonly [string, readonly AttributeState[]])[] = [
  [
    'binary',
    [
      { name: 'diff', value: false },
      { name: 'merge', value: false },
      { name: 'text', value: false },
    ],
  ],
];

export type Attributes = ReadonlyMap<string, AttributeValue>;

interface Layer {
  readonly folder: string;
  readonly file: AttributeFile;
}

export class AttributeStack {
  readonly #wanted: ReadonlySet<string>;
  readonly #macros = new Map<string, readonly AttributeState[]>(BUILT_IN_MACROS);
  readonly #layers: Layer[] = [];

  /** @param wanted attributes that `lookUp` is asked for */
  constructor(wanted: readonly string[]) {
    this.#wanted = new Set(wanted);
  }

  /** Enters the folder of a file. Macros count in the root's alone, which comes first. */
  push(folder: string, file: AttributeFile): void {
    for (const [name, states] of file.macros) this.#macros.set(name, states);
    const rules = file.rules.filter(({ states }) => states.some(({ name }) => this.#matters(name)));
    this.#layers.push({ folder, file: { ...file, rules } });
  }

  pop(): void {
    this.#layers.pop();
  }

  /** @param path from the root; ends in a slash for a folder */
  lookUp(path: string): Attributes {
    const found = new Map<string, AttributeValue>();
    for (let layer = this.#layers.length - 1; layer >= 0; layer--) {
      const { folder, file } = this.#layers[layer] as Layer;
      for (let index = file.rules.length - 1; index >= 0; index--) {
        const rule = file.rules[index];
        if (rule && matchesPathPattern(rule.pattern, path, folder)) this.#fill(found, rule.states);
      }
    }
    return found;
  }

  #matters(name: string): boolean {
    return this.#wanted.has(name) || this.#macros.has(name);
  }

  /** What is known stays; macros that are set bring their own. */
  #fill(found: Map<string, AttributeValue>, states: readonly AttributeState[]): void {
    const todo = [...states];
    for (let state = todo.pop(); state; state = todo.pop()) {
      if (!this.#matters(state.name) || found.has(state.name)) continue;
      found.set(state.name, state.value);
      const macro = this.#macros.get(state.name);
      if (macro && state.value === true) todo.push(...macro);
    }
  }
}
