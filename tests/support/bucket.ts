/** A fresh bucket on the run's S3 server. */
import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import type { S3Config } from '#config.ts';

/** For `describe.skipIf(!hasS3)`. */
export const hasS3 = inject('s3Url') !== undefined;

/** Makes a bucket, and says how to reach it. */
export async function createTestBucket(): Promise<S3Config> {
  const url = new URL(inject('s3Url') ?? '');
  const config: S3Config = {
    bucket: `test-${randomBytes(6).toString('hex')}`,
    endpoint: url.origin,
    region: 'us-east-1',
    credentials: { accessKeyId: url.username, secretAccessKey: url.password },
    forcePathStyle: true,
    prefix: '',
    presign: 'on',
    publicEndpoint: undefined,
  };
  const client = new S3Client({
    endpoint: url.origin,
    region: config.region,
    forcePathStyle: true,
    credentials: { accessKeyId: url.username, secretAccessKey: url.password },
  });
  await client.send(new CreateBucketCommand({ Bucket: config.bucket }));
  client.destroy();
  return config;
}
