/** Tells apart the errors of Postgres that the code expects. Error codes: Postgres manual, appendix A. */

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';

/** Whether a statement was refused since the index or constraint of that name allows a value once. */
export function isUniqueViolation(error: unknown, constraintName: string): boolean {
  return isViolation(error, UNIQUE_VIOLATION, constraintName);
}

/** Whether a statement was refused since the row that it names is gone, or is still named by another. */
export function isForeignKeyViolation(error: unknown, constraintName: string): boolean {
  return isViolation(error, FOREIGN_KEY_VIOLATION, constraintName);
}

function isViolation(error: unknown, code: string, constraintName: string): boolean {
  const cause = postgresErrorOf(error);
  return cause !== undefined && cause.code === code && cause.constraint_name === constraintName;
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
