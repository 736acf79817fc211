/** Our side: the built server, with the embedded default or with S3 and Redis. */

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { ServiceStart } from '../tests/services.ts';
import { ForgeProcess } from '../tests/support/forge-process.ts';
import { startTestRedis } from '../tests/support/start-redis.ts';
import { startTestS3 } from '../tests/support/start-s3.ts';
import type { BenchServer } from './bench-server.ts';

export type Storage = 'embedded' | 's3';

export interface BenchForge extends BenchServer {
  readonly url: string;
  readonly processId: number;
}

const TOKEN = 'a-token-of-the-benchmark-alone';
const BUCKET = 'bench';

/** @param sha1 whether pushed objects are looked at for collision attacks, as `GIT_SHA1` says */
export async function startForge(folder: string, storage: Storage, sha1: 'dc' | 'fast' = 'dc'): Promise<BenchForge> {
  await mkdir(folder, { recursive: true });
  const services = storage === 's3' ? await startServices(folder) : { settings: {}, stop: async () => undefined };
  const forge = await ForgeProcess.start({
    settings: {
      DATA_DIR: path.join(folder, 'data'),
      ADMIN_USERNAME: 'ada',
      ADMIN_TOKEN: TOKEN,
      LOG_LEVEL: 'warn',
      GIT_SHA1: sha1,
      ...services.settings,
    },
  });
  const { host } = new URL(forge.url);
  return {
    name: storage === 's3' ? 'OpenCodeHub (S3, Redis)' : 'OpenCodeHub',
    url: forge.url,
    processId: forge.child.pid as number,
    createRepository: async (name) => {
      const answer = await fetch(`${forge.url}/api/v3/user/repos`, {
        method: 'POST',
        headers: { authorization: `token ${TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name, private: false }),
      });
      if (answer.status !== 201) throw new Error(`create repository ${name}: ${answer.status} ${await answer.text()}`);
      return `http://ada:${TOKEN}@${host}/ada/${name}.git`;
    },
    maintain: async () => undefined,
    [Symbol.asyncDispose]: async () => {
      await forge.stop();
      await services.stop();
    },
  };
}

async function startServices(folder: string) {
  const s3 = started('S3', await startTestS3(path.join(folder, 's3')));
  const redis = started('Redis', await startTestRedis(path.join(folder, 'redis')));
  const { origin, username, password } = new URL(s3.url);
  const credentials = { accessKeyId: username, secretAccessKey: password };
  const client = new S3Client({ endpoint: origin, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return {
    settings: {
      REDIS_URL: redis.url,
      S3_BUCKET: BUCKET,
      S3_ENDPOINT: origin,
      S3_ACCESS_KEY_ID: username,
      S3_SECRET_ACCESS_KEY: password,
      S3_FORCE_PATH_STYLE: 'true',
    },
    stop: async () => {
      await redis.stop();
      await s3.stop();
    },
  };
}

function started(name: string, service: ServiceStart) {
  if (service.kind === 'unavailable') throw new Error(`${name} is not available: ${service.reason}`);
  return service;
}
