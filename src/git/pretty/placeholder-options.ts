/** The options of a placeholder, as in `%(trailers:key=Acked-by,only)` — git-log(1), "PRETTY FORMATS"; `pretty.c`. */

/** One option, and what stands behind it: the next one, or the closing bracket. */
export interface PlaceholderOption {
  /** Undefined: the name alone. */
  readonly value: string | undefined;
  readonly rest: string;
}

/** @returns undefined when the text does not begin with that option */
export function matchOption(text: string, name: string): PlaceholderOption | undefined {
  if (!text.startsWith(name)) return undefined;
  const [, , value, end] = /^(=([^,)]*))?([,)])/s.exec(text.slice(name.length)) ?? [];
  if (end === undefined) return undefined;
  const length = name.length + (value === undefined ? 0 : 1 + value.length);
  return { value, rest: text.slice(end === ',' ? length + 1 : length) };
}

/** The same for what is on or off. */
export function matchSwitch(text: string, name: string): { readonly isOn: boolean; readonly rest: string } | undefined {
  const option = matchOption(text, name);
  if (option === undefined) return undefined;
  const isOn = option.value === undefined ? true : parseBoolean(option.value);
  return isOn === undefined ? undefined : { isOn, rest: option.rest };
}

/** git-config(1), "Values". */
function parseBoolean(text: string): boolean | undefined {
  const value = text.toLowerCase();
  if (value === 'true' || value === 'yes' || value === 'on') return true;
  if (value === '' || value === 'false' || value === 'no' || value === 'off') return false;
  return /^[+-]?\d{1,9}[kmg]?$/.test(value) ? Number.parseInt(value, 10) !== 0 : undefined;
}

/** `%n`, `%x2c` and `%%` in a value, such as a separator. */
export function expandLiterals(text: string): string {
  return text.replace(/%(?:%|n|x([0-9a-fA-F]{2}))/g, (placeholder, hex: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return placeholder === '%n' ? '\n' : '%';
  });
}
