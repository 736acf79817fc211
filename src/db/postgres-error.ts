/** Tells apart the errors of Postgres that the code expects. Error codes: Postgres manual, appendix A. */

const UNIQUE_VIOLATION = '23505';

/** Whether a statement was refused since the index or constraint of that name allows a value once. */
export function isUniqueViolation(error: unknown, constraintName: string): boolean {
  const cause = postgresErrorOf(error);
  return cause !== undefined && cause.code === UNIQUE_VIOLATION && cause.constraint_name === constraintName;
}

/** Drizzle wraps what postgres.js throws. */
function postgresErrorOf(error: unknown): { code: string; constraint_name?: string } | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current.name === 'PostgresError' && 'code' in current && typeof current.code === 'string') {
      return current as Error & { code: string; constraint_name?: string };
    }
  }
  return undefined;
}
