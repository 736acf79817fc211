/** Reads the forms of the pages: application/x-www-form-urlencoded, each field a text. */

/** @returns one value for each name; of a name that comes twice, the last. Files and foreign types count as no field */
export async function readForm(request: Request): Promise<FormFields> {
  const type = request.headers.get('content-type') ?? '';
  if (!type.startsWith('application/x-www-form-urlencoded')) return new FormFields(new URLSearchParams());
  return new FormFields(new URLSearchParams(await request.text()));
}

export class FormFields {
  readonly #fields: URLSearchParams;

  constructor(fields: URLSearchParams) {
    this.#fields = fields;
  }

  /** Without spaces at either end; empty when the field is missing. */
  text(name: string): string {
    return this.exact(name).trim();
  }

  /** As it was typed: for passwords. */
  exact(name: string): string {
    return this.#fields.getAll(name).at(-1) ?? '';
  }

  all(name: string): string[] {
    return this.#fields.getAll(name);
  }
}
