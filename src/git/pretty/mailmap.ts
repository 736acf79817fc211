/** Who somebody is by their names and addresses in commits — gitmailmap(5); `mailmap.c`. Texts are byte strings. */

export interface NamedAddress {
  readonly name: string;
  readonly email: string;
}

interface Replacement {
  name?: string | undefined;
  email?: string | undefined;
}

interface Entry extends Replacement {
  /** For those who have this name besides the address, in lower case. */
  readonly byName: Map<string, Replacement>;
}

export class Mailmap {
  readonly #entries = new Map<string, Entry>();

  constructor(text = '') {
    for (const line of text.split('\n')) this.#readLine(line);
  }

  map({ name, email }: NamedAddress): NamedAddress {
    const entry = this.#entries.get(lower(email));
    const found: Replacement | undefined = entry?.byName.get(lower(name)) ?? entry;
    return { name: found?.name ?? name, email: found?.email ?? email };
  }

  /** `New Name <new@address> Old Name <old@address>`, of which all but one address may be missing. */
  #readLine(line: string): void {
    if (line.startsWith('#')) return;
    const [, newName, newEmail, rest] = /^([^<]*)<([^>]+)>(.*)$/s.exec(line) ?? [];
    if (newEmail === undefined) return;
    const [, oldName, oldEmail] = /^([^<]*)<([^>]*)>/.exec(rest ?? '') ?? [];
    const replacement = { name: trimmed(newName), email: oldEmail === undefined ? undefined : newEmail };
    const entry = this.#entryFor(lower(oldEmail ?? newEmail));
    const name = trimmed(oldName);
    if (name !== undefined) {
      entry.byName.set(lower(name), replacement);
      return;
    }
    entry.name = replacement.name ?? entry.name;
    entry.email = replacement.email ?? entry.email;
  }

  #entryFor(email: string): Entry {
    const entry = this.#entries.get(email) ?? { byName: new Map<string, Replacement>() };
    this.#entries.set(email, entry);
    return entry;
  }
}

function trimmed(name: string | undefined): string | undefined {
  return name?.replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, '') || undefined;
}

/** Of ASCII letters alone, as C has it. */
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
