/** Capability lists of protocol v0 and v1 — gitprotocol-capabilities(5). */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';

/** What a client asked for: names, and the values of those that have one. */
export class CapabilitySet {
  readonly #values: Map<string, string | undefined>;

  /** @param text names and `name=value`, separated by white space; of a repeated name the first counts, as in git */
  constructor(text: string) {
    this.#values = new Map();
    for (const item of text.split(/[ \t\n\v\f\r]+/)) {
      const equals = item.indexOf('=');
      const name = equals < 0 ? item : item.slice(0, equals);
      if (name === '' || this.#values.has(name)) continue;
      this.#values.set(name, equals < 0 ? undefined : item.slice(equals + 1));
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  value(name: string): string | undefined {
    return this.#values.get(name);
  }
}

/**
 * Compares the client's `object-format` with the repository's; a client that does not speak of it means SHA-1.
 *
 * @throws {ProtocolError} they differ
 */
export function requireObjectFormat(capabilities: CapabilitySet, format: ObjectFormat): void {
  const asked = capabilities.value('object-format') ?? (capabilities.has('object-format') ? '' : 'sha1');
  if (asked !== format.name) throw new ProtocolError(`error: unsupported object format '${asked}'`);
}
