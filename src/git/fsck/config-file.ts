/**
 * The syntax of git's configuration files — git-config(1), "CONFIGURATION FILE" — as far as reading `.gitmodules` needs it.
 */

/** One variable: `submodule.<name>.url` and its value; `undefined` for a variable without `=`. */
export interface ConfigVariable {
  /** Section and key in lower case, a quoted subsection as written, joined by dots. */
  readonly name: string;
  readonly value: string | undefined;
}

/** @returns the variables up to the first syntax error, and whether there was one */
export function parseConfigFile(text: string): { variables: ConfigVariable[]; isComplete: boolean } {
  const parser = new ConfigParser(text);
  const isComplete = parser.run();
  return { variables: parser.variables, isComplete };
}

const END = '';
const BYTE_ORDER_MARK = '\xef\xbb\xbf';
const KEY_CHARACTER = /[A-Za-z0-9-]/;
const LETTER = /[A-Za-z]/;
const BLANK = /[ \t\n\r]/;
const ESCAPES: Record<string, string> = { t: '\t', b: '\b', n: '\n', '\\': '\\', '"': '"' };

/** Thrown and caught here alone: a syntax error ends the parse wherever it is found. */
class ConfigSyntaxError extends Error {}

class ConfigParser {
  readonly variables: ConfigVariable[] = [];
  readonly #text: string;
  #offset: number;
  #section = '';

  /** @param text one character a byte */
  constructor(text: string) {
    // CR LF counts as LF everywhere, inside of values too.
    this.#text = text.replaceAll('\r\n', '\n');
    this.#offset = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  }

  run(): boolean {
    try {
      for (let char = this.#next(); char !== END; char = this.#next()) this.#readItem(char);
      return true;
    } catch (error) {
      if (error instanceof ConfigSyntaxError) return false;
      throw error;
    }
  }

  #readItem(char: string): void {
    if (BLANK.test(char)) return;
    if (char === '#' || char === ';') this.#skipLine();
    else if (char === '[') this.#section = this.#readSection();
    else if (LETTER.test(char)) this.#readVariable(char);
    else throw new ConfigSyntaxError();
  }

  #next(): string {
    return this.#text[this.#offset++] ?? END;
  }

  /** The end of the text ends a line too. */
  #nextInLine(): string {
    return this.#next() || '\n';
  }

  #skipLine(): void {
    while (this.#nextInLine() !== '\n');
  }

  /** `[section]`, `[section.subsection]` or `[section "subsection"]`. */
  #readSection(): string {
    let name = '';
    for (;;) {
      const char = this.#next();
      if (char === ']') break;
      if (char !== END && BLANK.test(char)) return `${name}.${this.#readSubsection(char)}.`;
      if (!KEY_CHARACTER.test(char) && char !== '.') throw new ConfigSyntaxError();
      name += char.toLowerCase();
    }
    if (name === '') throw new ConfigSyntaxError();
    return `${name}.`;
  }

  #readSubsection(blank: string): string {
    let char = blank;
    while (BLANK.test(char)) {
      if (char === '\n') throw new ConfigSyntaxError();
      char = this.#nextInLine();
    }
    if (char !== '"') throw new ConfigSyntaxError();
    let name = '';
    for (char = this.#nextInLine(); char !== '"'; char = this.#nextInLine()) {
      if (char === '\\') char = this.#nextInLine();
      if (char === '\n') throw new ConfigSyntaxError();
      name += char;
    }
    if (this.#next() !== ']') throw new ConfigSyntaxError();
    return name;
  }

  #readVariable(first: string): void {
    let key = first.toLowerCase();
    let char = this.#nextInLine();
    for (; KEY_CHARACTER.test(char); char = this.#nextInLine()) key += char.toLowerCase();
    while (char === ' ' || char === '\t') char = this.#nextInLine();
    if (char !== '\n' && char !== '=') throw new ConfigSyntaxError();
    this.variables.push({ name: this.#section + key, value: char === '=' ? this.#readValue() : undefined });
  }

  /** Up to the end of the line: quotes fall away, escapes are resolved, blanks around it and comments behind it dropped. */
  #readValue(): string {
    let value = '';
    /** Length of the value up to the blanks that may turn out to be its end. */
    let trimmedLength: number | undefined;
    let isQuoted = false;
    for (;;) {
      const char = this.#nextInLine();
      if (char === '\n') {
        if (isQuoted) throw new ConfigSyntaxError();
        return trimmedLength === undefined ? value : value.slice(0, trimmedLength);
      }
      if (!isQuoted && BLANK.test(char)) {
        trimmedLength ??= value.length;
        if (value !== '') value += char;
        continue;
      }
      if (!isQuoted && (char === ';' || char === '#')) {
        this.#skipLine();
        return trimmedLength === undefined ? value : value.slice(0, trimmedLength);
      }
      trimmedLength = undefined;
      if (char === '"') isQuoted = !isQuoted;
      else value += char === '\\' ? this.#readEscape() : char;
    }
  }

  #readEscape(): string {
    const char = this.#nextInLine();
    if (char === '\n') return '';
    const escaped = ESCAPES[char];
    if (escaped === undefined) throw new ConfigSyntaxError();
    return escaped;
  }
}
