/**
 * The settings, read from the environment once, at start, and nowhere else. Each is described in `.env.example`.
 *
 * A value that cannot be used stops the start with a sentence that names the setting. Values of secret settings are never
 * quoted in it.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { limits } from './limits.ts';

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Scheme and host that users see, without a path. */
  readonly publicUrl: URL;
  /** Absolute path. */
  readonly dataDir: string;
  /** Undefined: the embedded Postgres. */
  readonly databaseUrl: string | undefined;
  /** Undefined: the in-process bus and cache. */
  readonly redisUrl: string | undefined;
  /** Undefined: files below `dataDir`. */
  readonly s3: S3Config | undefined;
  readonly firstAdministrator: FirstAdministrator | undefined;
  /** Undefined: git over SSH is off. */
  readonly ssh: SshConfig | undefined;
  readonly signup: 'open' | 'invite' | 'closed';
  readonly rateLimits: 'on' | 'off';
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly heavyJobs: HeavyJobsConfig;
  /** Whether pushed objects are looked at for collision attacks on SHA-1. */
  readonly gitSha1: 'dc' | 'fast';
  /** Addresses and networks (CIDR) whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** How long running requests may take to finish after a request to stop. */
  readonly drainTimeoutMs: number;
}

/** How many clones, pushes and archives one process takes on at once. */
export interface HeavyJobsConfig {
  readonly perRepositoryMax: number;
  readonly perClientMax: number;
  readonly totalMax: number;
  /** How long others wait for room. */
  readonly waitMaxMs: number;
}

export interface S3Config {
  readonly bucket: string;
  /** Undefined: AWS. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** Undefined: the SDK's own chain (instance roles, profiles). */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  readonly forcePathStyle: boolean;
  /** In front of every key; empty for a bucket of our own. */
  readonly prefix: string;
  /** Whether clients are sent to the store itself for large objects. */
  readonly presign: 'on' | 'off';
  /** By which clients reach the store, where that is not `endpoint`. */
  readonly publicEndpoint: string | undefined;
}

export interface SshConfig {
  readonly host: string;
  readonly port: number;
  /** Where clients find it: another port than ours behind a forwarded one. */
  readonly publicPort: number;
  /** A private key, or the path of a file with one. Undefined: one that the forge makes and keeps. */
  readonly hostKey: string | undefined;
  /** Public keys, one a line, or the path of a file with them. Undefined: certificates open nothing. */
  readonly trustedCaKeys: string | undefined;
  /** Whether connections from trusted proxies begin with a header of the PROXY protocol. */
  readonly proxyProtocol: 'on' | 'off';
}

/** Made on a start with no users. Has a password, a token or both. */
export interface FirstAdministrator {
  readonly username: string;
  readonly password: string | undefined;
  readonly token: string | undefined;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG';
}

type Environment = Readonly<Record<string, string | undefined>>;

const SECRET_SETTINGS = new Set([
  'ADMIN_PASSWORD',
  'ADMIN_TOKEN',
  'DATABASE_URL',
  'REDIS_URL',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
  'SSH_HOST_KEY',
]);

const urlOf = (...protocols: string[]) => z.url({ protocol: new RegExp(`^(?:${protocols.join('|')})$`) });
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `is one of ${values.join(', ')}` });

const portSchema = z.coerce
  .number('is a number')
  .int('is a whole number')
  .min(1, 'is 1 or more')
  .max(65_535, 'is 65535 or less');

const jobCount = (byDefault: number) =>
  z.coerce
    .number('is a number')
    .int('is a whole number')
    .min(1, 'is 1 or more')
    .max(100_000, 'is 100000 or less')
    .default(byDefault);

const schema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: portSchema.default(3000),
  SSH_PORT: portSchema.optional(),
  SSH_HOST: z.string().optional(),
  SSH_PUBLIC_PORT: portSchema.optional(),
  SSH_HOST_KEY: z.string().optional(),
  SSH_TRUSTED_CA_KEYS: z.string().optional(),
  SSH_PROXY_PROTOCOL: oneOf(['on', 'off']).optional(),
  PUBLIC_URL: urlOf('http', 'https').optional(),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: urlOf('postgres', 'postgresql').optional(),
  REDIS_URL: urlOf('redis', 'rediss').optional(),
  S3_BUCKET: z.string().optional(),
  S3_ENDPOINT: urlOf('http', 'https').optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  S3_FORCE_PATH_STYLE: oneOf(['true', 'false']).optional(),
  S3_PREFIX: z.string().default(''),
  S3_PRESIGN: oneOf(['on', 'off']).default('on'),
  S3_PUBLIC_ENDPOINT: urlOf('http', 'https').optional(),
  ADMIN_USERNAME: z.string().optional(),
  ADMIN_PASSWORD: z.string().min(8, 'has 8 characters or more').optional(),
  ADMIN_TOKEN: z.string().min(20, 'has 20 characters or more').optional(),
  SIGNUP: oneOf(['open', 'invite', 'closed']).default('invite'),
  RATE_LIMITS: oneOf(['on', 'off']).default('on'),
  GIT_JOBS_PER_REPOSITORY: jobCount(limits.heavyJobsPerRepositoryMax),
  GIT_JOBS_PER_CLIENT: jobCount(limits.heavyJobsPerClientMax),
  GIT_JOBS: jobCount(limits.heavyJobsMax),
  GIT_JOB_WAIT_SECONDS: z.coerce
    .number('is a number')
    .min(0, 'is 0 or more')
    .max(600, 'is 600 or less')
    .default(limits.heavyJobWaitMs / 1000),
  GIT_SHA1: oneOf(['dc', 'fast']).default('dc'),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  TRUSTED_PROXIES: z.string().default(''),
  DRAIN_SECONDS: z.coerce.number('is a number').min(0, 'is 0 or more').max(86_400, 'is 86400 or less').default(300),
});

type Settings = z.infer<typeof schema>;

/** Reads the environment, with the file `.env` of the working directory beneath it. @throws {ConfigError} */
export function loadConfig(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return parseConfig(process.env);
}

/** @throws {ConfigError} */
export function parseConfig(environment: Environment): Config {
  const settings = parseSettings(environment);
  return {
    host: settings.HOST,
    port: settings.PORT,
    publicUrl: parsePublicUrl(settings),
    dataDir: path.resolve(settings.DATA_DIR),
    databaseUrl: settings.DATABASE_URL,
    redisUrl: settings.REDIS_URL,
    s3: parseS3(settings),
    firstAdministrator: parseFirstAdministrator(settings),
    ssh: parseSsh(settings),
    signup: settings.SIGNUP,
    rateLimits: settings.RATE_LIMITS,
    logLevel: settings.LOG_LEVEL,
    heavyJobs: {
      perRepositoryMax: settings.GIT_JOBS_PER_REPOSITORY,
      perClientMax: settings.GIT_JOBS_PER_CLIENT,
      totalMax: settings.GIT_JOBS,
      waitMaxMs: settings.GIT_JOB_WAIT_SECONDS * 1000,
    },
    gitSha1: settings.GIT_SHA1,
    trustedProxies: settings.TRUSTED_PROXIES.split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
    drainTimeoutMs: settings.DRAIN_SECONDS * 1000,
  };
}

/** An empty value is the same as none: that is what compose files make of unset variables. */
function parseSettings(environment: Environment): Settings {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  const sentences = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    const given = SECRET_SETTINGS.has(name) ? 'what it is set to' : `"${present[name]}"`;
    const demand = issue.code === 'invalid_format' ? 'is a URL of the right kind' : issue.message;
    return `${name} ${demand}, which ${given} is not; .env.example describes it.`;
  });
  throw new ConfigError(sentences.join('\n'));
}

function parsePublicUrl(settings: Settings): URL {
  const url = new URL(settings.PUBLIC_URL ?? `http://localhost:${settings.PORT}`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new ConfigError(`PUBLIC_URL is a scheme and a host alone, which "${settings.PUBLIC_URL}" is not.`);
  }
  return url;
}

function parseS3(settings: Settings): S3Config | undefined {
  const { S3_BUCKET: bucket, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = settings;
  if (bucket === undefined) {
    if (settings.S3_ENDPOINT === undefined && accessKeyId === undefined) return undefined;
    throw new ConfigError('S3_BUCKET is missing, though other S3 settings are there.');
  }
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new ConfigError('S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together: one of them is missing.');
  }
  return {
    bucket,
    endpoint: settings.S3_ENDPOINT,
    region: settings.S3_REGION,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
    // Servers other than AWS rarely have a host name for each bucket.
    forcePathStyle: (settings.S3_FORCE_PATH_STYLE ?? String(settings.S3_ENDPOINT !== undefined)) === 'true',
    prefix: settings.S3_PREFIX,
    presign: settings.S3_PRESIGN,
    publicEndpoint: settings.S3_PUBLIC_ENDPOINT,
  };
}

function parseSsh(settings: Settings): SshConfig | undefined {
  const { SSH_PORT: port, SSH_HOST: host, SSH_PUBLIC_PORT: publicPort, SSH_HOST_KEY: hostKey } = settings;
  const { SSH_TRUSTED_CA_KEYS: trustedCaKeys, SSH_PROXY_PROTOCOL: proxyProtocol } = settings;
  if (port === undefined) {
    const others = [host, publicPort, hostKey, trustedCaKeys, proxyProtocol];
    if (others.every((setting) => setting === undefined)) return undefined;
    throw new ConfigError('SSH_PORT is missing, though other SSH settings are there.');
  }
  if (proxyProtocol === 'on' && settings.TRUSTED_PROXIES.trim() === '') {
    throw new ConfigError('SSH_PROXY_PROTOCOL is on, and TRUSTED_PROXIES names nobody who may speak it.');
  }
  return {
    host: host ?? settings.HOST,
    port,
    publicPort: publicPort ?? port,
    hostKey,
    trustedCaKeys,
    proxyProtocol: proxyProtocol ?? 'off',
  };
}

function parseFirstAdministrator(settings: Settings): FirstAdministrator | undefined {
  const { ADMIN_USERNAME: username, ADMIN_PASSWORD: password, ADMIN_TOKEN: token } = settings;
  if (username === undefined) {
    if (password === undefined && token === undefined) return undefined;
    throw new ConfigError('ADMIN_USERNAME is missing, though ADMIN_PASSWORD or ADMIN_TOKEN is there.');
  }
  if (password === undefined && token === undefined) {
    throw new ConfigError('ADMIN_USERNAME needs ADMIN_PASSWORD, ADMIN_TOKEN or both: otherwise nobody could sign in.');
  }
  return { username, password, token };
}
