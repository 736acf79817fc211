/** The S3 client as we want it: our own pool of connections, patient with a busy store, without checksums that look-alikes refuse. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { S3Client } from '@aws-sdk/client-s3';
import { limits } from '#limits.ts';

/** Where an object of ours lies in S3. */
export interface S3Location {
  /** What we call it, without the bucket's prefix. */
  key: string;
  Bucket: string;
  Key: string;
}

export interface S3ClientOptions {
  /** Absent for AWS itself. */
  endpoint?: string | undefined;
  region: string;
  /** Absent where the SDK finds them itself: environment, instance role. */
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined;
  /** Bucket in the path instead of the host name; most look-alikes need it. */
  forcePathStyle?: boolean | undefined;
  idleTimeoutMs?: number | undefined;
}

export function openS3Client(options: S3ClientOptions): S3Client {
  const { endpoint, region, credentials } = options;
  const agentOptions = { keepAlive: true, maxSockets: limits.s3SocketsMax };
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: options.forcePathStyle ?? false,
    // Since 3.729 the SDK adds CRC32 to every request by default, which breaks look-alikes (aws/aws-sdk-js-v3#6810). The
    // signature covers a SHA-256 of the body anyway, and packs carry checksums of their own.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // `standard` retries 503 SlowDown and broken connections, with exponential back-off and full jitter.
    retryMode: 'standard',
    maxAttempts: limits.s3AttemptsMax,
    requestHandler: {
      httpAgent: new HttpAgent(agentOptions),
      httpsAgent: new HttpsAgent(agentOptions),
      connectionTimeout: limits.s3ConnectTimeoutMs,
      socketTimeout: options.idleTimeoutMs ?? limits.s3IdleTimeoutMs,
    },
  });
}

/** The options of a request that `signal`, if there is one, ends. */
export function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}
