/** The bus or the cache could not be reached, or refused a command. */
export class BusError extends Error {
  override readonly name = 'BusError';
  readonly code = 'BUS';

  constructor(step: string, subject: string, cause: unknown) {
    super(`${step} "${subject}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
