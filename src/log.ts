/**
 * The structured log: one JSON object a line on standard output. Secrets do not reach it: fields that hold some are replaced,
 * and URLs lose their credentials and the values of their parameters that look like some.
 */
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';

/** Writes lines; `child` adds fields to each of them. */
export type Log = Logger;

const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'password',
  'passwordHash',
  'token',
  'accessToken',
  'secret',
  'secretAccessKey',
  'databaseUrl',
  'redisUrl',
];

const SECRET_PARAMETER = /([?&](?:access_token|token|code|password|client_secret|secret)=)[^&\s#"']*/gi;
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;

export function createLog(level: string, destination?: DestinationStream): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`, `*["set-${field}"]`]),
      censor: '[redacted]',
    },
    serializers: { err: serializeError, error: serializeError },
    hooks: {
      logMethod(args, method) {
        const clean = args.map((arg: unknown) => (typeof arg === 'string' ? redactUrls(arg) : arg));
        method.apply(this, clean as typeof args);
      },
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Takes the credentials out of every URL in a text. */
export function redactUrls(text: string): string {
  return text.replace(URL_CREDENTIALS, '$1[redacted]@').replace(SECRET_PARAMETER, '$1[redacted]');
}

/** Errors carry messages of drivers, which like to quote the address they could not reach. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? redactUrls(error) : error;
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    message: redactUrls(error.message),
    stack: redactUrls(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
}
