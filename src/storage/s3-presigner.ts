/**
 * Addresses signed for clients, so that bytes go between them and the store alone — Amazon S3 API reference, "Authenticating
 * Requests: Using Query Parameters (AWS Signature Version 4)". Signing asks nobody: no request is made here.
 */
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { limits } from '#limits.ts';
import type { PresignedRead, PresignedUpload, PresignedWrite } from './blob-store.ts';
import { openS3Client, type S3ClientOptions, type S3Location } from './s3-client.ts';
import { toBlobStoreError } from './s3-error.ts';

const CHECKSUM_HEADER = 'x-amz-checksum-sha256';
/** Fixed: git-lfs guesses a type from the content otherwise, and a signature covers one alone. */
const CONTENT_TYPE = 'application/octet-stream';

/**
 * In the query, where the signer would move it, S3 and its look-alikes do not take the checksum for one to hold the body to. The type
 * is no header that the signer signs by itself, nor is the length.
 */
const WRITE_SIGNING = {
  unhoistableHeaders: new Set([CHECKSUM_HEADER]),
  signableHeaders: new Set(['host', 'content-type', 'content-length', CHECKSUM_HEADER]),
};

export class S3Presigner {
  readonly #client: S3Client;

  /** @param options with the endpoint that clients use, which is part of what is signed */
  constructor(options: S3ClientOptions) {
    this.#client = openS3Client(options);
  }

  async read({ key, Bucket, Key }: S3Location, request: PresignedRead): Promise<URL> {
    const { contentType, fileName } = request;
    const command = new GetObjectCommand({
      Bucket,
      Key,
      ...(contentType !== undefined && { ResponseContentType: contentType }),
      ...(fileName !== undefined && { ResponseContentDisposition: attachmentNamed(fileName) }),
    });
    try {
      return new URL(await getSignedUrl(this.#client, command, { expiresIn: toSeconds(request.expiresInMs) }));
    } catch (error) {
      throw toBlobStoreError('sign an address of', key, error);
    }
  }

  /** @returns undefined for an object that S3 does not take in one request */
  async write({ key, Bucket, Key }: S3Location, request: PresignedWrite): Promise<PresignedUpload | undefined> {
    if (request.sizeBytes > limits.presignedWriteMaxBytes) return undefined;
    const checksum = Buffer.from(request.sha256).toString('base64');
    const command = new PutObjectCommand({
      Bucket,
      Key,
      ContentLength: request.sizeBytes,
      ContentType: CONTENT_TYPE,
      ChecksumSHA256: checksum,
    });
    try {
      const options = { ...WRITE_SIGNING, expiresIn: toSeconds(request.expiresInMs) };
      const url = new URL(await getSignedUrl(this.#client, command, options));
      return { url, headers: { 'Content-Type': CONTENT_TYPE, [CHECKSUM_HEADER]: checksum } };
    } catch (error) {
      throw toBlobStoreError('sign an address of', key, error);
    }
  }

  close(): void {
    this.#client.destroy();
  }
}

function toSeconds(durationMs: number): number {
  return Math.max(1, Math.floor(durationMs / 1_000));
}

/** RFC 6266, section 4.1, in the form of RFC 8187: a header holds ASCII alone. */
function attachmentNamed(fileName: string): string {
  const encoded = encodeURIComponent(fileName).replace(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=UTF-8''${encoded}`;
}
