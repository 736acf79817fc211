/**
 * Errors as the API answers them, in GitHub's shape, and the one place that maps a failure to an HTTP status.
 */
import type { z } from 'zod';
import { MissingObjectError, ObjectTooLargeError } from '#git/errors.ts';
import { RepositoryGoneError } from '#repository/errors.ts';

/** GitHub's codes of what is wrong with a field. */
export type FieldErrorCode = 'missing' | 'missing_field' | 'invalid' | 'already_exists' | 'unprocessable' | 'custom';

export interface FieldError {
  readonly resource: string;
  readonly field: string;
  readonly code: FieldErrorCode;
  readonly message?: string;
}

export interface ApiErrorOptions {
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** A failure that the caller is told about. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code = 'API_ERROR';
  readonly status: number;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, options: ApiErrorOptions = {}) {
    super(message);
    this.status = status;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }
}

/** Nothing there, or nothing that this caller may know of: the two look alike. */
export function notFound(): ApiError {
  return new ApiError(404, 'Not Found');
}

export function badCredentials(): ApiError {
  return new ApiError(401, 'Bad credentials');
}

/** Wrong passwords came too fast. */
export function tooManySignIns(retryAfterMs: number): ApiError {
  return new ApiError(403, 'Maximum number of login attempts exceeded. Please try again later.', {
    headers: { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) },
  });
}

export function validationFailed(errors: readonly FieldError[]): ApiError {
  return new ApiError(422, 'Validation Failed', { errors });
}

export function invalidField(resource: string, field: string, code: FieldErrorCode, message?: string): ApiError {
  return validationFailed([fieldError(resource, field, code, message)]);
}

export function fieldError(resource: string, field: string, code: FieldErrorCode, message?: string): FieldError {
  return message === undefined ? { resource, field, code } : { resource, field, code, message };
}

/** A query or a body that its schema refuses, told field by field. */
export function queryOrBodyRefused(resource: string, error: z.core.$ZodError): ApiError {
  return validationFailed(
    error.issues.map((issue) => {
      const field = issue.path.join('.');
      return isMissing(issue)
        ? fieldError(resource, field, 'missing_field')
        : fieldError(resource, field, 'invalid', `${field}: ${issue.message}`);
    }),
  );
}

/** @returns undefined for what is our own fault */
export function toApiError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof MissingObjectError || error instanceof RepositoryGoneError) return notFound();
  if (error instanceof ObjectTooLargeError)
    return new ApiError(403, 'The requested object is too large to read through the API');
  return undefined;
}

/** zod says so only in its message, unless the schema reports its input, which would put passwords into errors. */
function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' && /received undefined$/.test(issue.message);
}

export interface ErrorBody {
  readonly message: string;
  readonly errors?: readonly FieldError[];
  readonly documentation_url: string;
  readonly status: string;
}

export function errorBody(error: ApiError, documentationUrl: string): ErrorBody {
  return {
    message: error.message,
    ...(error.errors && { errors: error.errors }),
    documentation_url: documentationUrl,
    status: String(error.status),
  };
}
