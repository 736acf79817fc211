/**
 * The servers that tests run against, started once for a run of vitest and ended with it: Postgres from the npm binaries,
 * Redis and S3 from whatever the machine offers. Each listens on a free loopback port with its data in one temporary folder.
 * TEST_DATABASE_URL, TEST_REDIS_URL and TEST_S3_URL name running ones instead.
 *
 * A server that cannot be had skips its tests with one line that says how to get it; REQUIRE_SERVICES=1 makes that an error.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startTestPostgres } from './support/start-postgres.ts';
import { startTestRedis } from './support/start-redis.ts';
import { startTestS3 } from './support/start-s3.ts';

/** A running server, or the sentence that says why there is none. */
export type ServiceStart =
  | { readonly kind: 'started'; readonly url: string; readonly stop: () => Promise<void> }
  | { readonly kind: 'unavailable'; readonly reason: string };

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's URL; `tests/support/database.ts` makes databases there. */
    databaseUrl: string | undefined;
    redisUrl: string | undefined;
    /** `http://<access key>:<secret key>@<host>:<port>` */
    s3Url: string | undefined;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'opencodehub-test-'));
  const [postgres, redis, s3] = await Promise.all([
    startTestPostgres(path.join(folder, 'postgres')),
    startTestRedis(path.join(folder, 'redis')),
    startTestS3(path.join(folder, 's3')),
  ]);
  const services = { Postgres: postgres, Redis: redis, S3: s3 };
  const stop = async () => {
    await Promise.all(Object.values(services).map(async (service) => service.kind === 'started' && service.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  for (const [name, service] of Object.entries(services)) {
    if (service.kind === 'started') continue;
    const sentence = `${name} tests are skipped: ${service.reason}`;
    if (process.env['REQUIRE_SERVICES'] !== '1') {
      console.warn(sentence);
      continue;
    }
    await stop();
    throw new Error(`${sentence} (and REQUIRE_SERVICES=1 forbids that)`);
  }
  project.provide('databaseUrl', urlOf(postgres));
  project.provide('redisUrl', urlOf(redis));
  project.provide('s3Url', urlOf(s3));
  return stop;
}

function urlOf(service: ServiceStart): string | undefined {
  return service.kind === 'started' ? service.url : undefined;
}
