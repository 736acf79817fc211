import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '#config.ts';
import { createTestBucket, hasS3 } from '../support/bucket.ts';
import { createTestDatabase, hasDatabase } from '../support/database.ts';
import { ForgeProcess, PROJECT_FOLDER } from '../support/forge-process.ts';
import { hasRedis, testRedisUrl } from '../support/redis.ts';

const read = (file: string) => readFile(path.join(PROJECT_FOLDER, file), 'utf8');

describe.skipIf(!(hasDatabase && hasRedis && hasS3))('the image', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'opencodehub-image-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The last stage's COPY lines, from the build's folder to the image's. */
  async function copiedFiles(): Promise<{ source: string; target: string }[]> {
    const lastStage = (await read('Dockerfile')).split(/^FROM /m).at(-1) ?? '';
    const lines = lastStage.matchAll(/^COPY --from=build \/app\/(\S+) (\S+)$/gm);
    return [...lines].map(([, source = '', target = '']) => ({ source, target }));
  }

  test('the server runs from the files that the image copies, and from nothing else', async () => {
    const copies = await copiedFiles();
    expect(copies.length).toBeGreaterThan(0);
    for (const { source, target } of copies) {
      await cp(path.join(PROJECT_FOLDER, source), path.join(folder, target), { recursive: true });
    }
    const [database, s3] = [await createTestDatabase(), await createTestBucket()];
    const settings = {
      DATABASE_URL: database.url,
      REDIS_URL: testRedisUrl(),
      S3_BUCKET: s3.bucket,
      S3_ENDPOINT: s3.endpoint ?? '',
      S3_ACCESS_KEY_ID: s3.credentials?.accessKeyId ?? '',
      S3_SECRET_ACCESS_KEY: s3.credentials?.secretAccessKey ?? '',
      ADMIN_USERNAME: 'ada',
      ADMIN_PASSWORD: 'a password for ada',
      DATA_DIR: path.join(folder, 'never-made'),
      NODE_ENV: 'production',
    };
    await using forge = await ForgeProcess.start({ folder, settings });
    const authorization = `Basic ${Buffer.from('ada:a password for ada').toString('base64')}`;
    const user = await fetch(`${forge.url}/api/v3/user`, { headers: { authorization } });
    expect([user.status, await user.json()]).toEqual([200, expect.objectContaining({ login: 'ada' })]);
    expect((await fetch(`${forge.url}/`)).status).toBe(200);
    expect(await forge.stop()).toBe(0);
    await expect(readFile(settings.DATA_DIR)).rejects.toThrow('ENOENT');
  });

  test('it runs as another user than root, and Docker can ask how it is', async () => {
    const lastStage = (await read('Dockerfile')).split(/^FROM /m).at(-1);
    expect(lastStage).toMatch(/^USER node$/m);
    expect(lastStage).toMatch(/^HEALTHCHECK /m);
  });
});

describe('docker-compose.yml', () => {
  interface Compose {
    services: Record<string, ComposeService>;
    volumes: Record<string, unknown>;
  }
  interface ComposeService {
    image: string;
    environment?: Record<string, string>;
    depends_on?: Record<string, { condition: string }>;
    healthcheck?: { test: string[] };
    volumes?: string[];
  }

  const readCompose = async () => parse(await read('docker-compose.yml')) as Compose;
  /** What compose makes of `${NAME:-default}` when nothing is set. */
  const interpolate = (text: string) => text.replace(/\$\{\w+:-([^}]*)\}/g, '$1');

  test('its settings are ones that the server takes', async () => {
    const { services } = await readCompose();
    const environment = Object.entries(services['app']?.environment ?? {}).map(([name, value]) => [
      name,
      interpolate(value),
    ]);
    const config = parseConfig(Object.fromEntries(environment));
    expect(config.databaseUrl).toBe('postgres://opencodehub:opencodehub@postgres:5432/opencodehub');
    expect(config.s3).toMatchObject({ bucket: 'opencodehub', endpoint: 'http://versitygw:7070', forcePathStyle: true });
  });

  test('every setting of the server in it is described in .env.example', async () => {
    const { services } = await readCompose();
    const described = await read('.env.example');
    for (const name of Object.keys(services['app']?.environment ?? {}))
      expect(described).toMatch(new RegExp(`^#? ?${name}=`, 'm'));
  });

  test('the app starts when everything that it needs is healthy, and the bucket is made', async () => {
    const { services, volumes } = await readCompose();
    for (const [name, { condition }] of Object.entries(services['app']?.depends_on ?? {})) {
      const expected = services[name]?.healthcheck === undefined ? 'service_completed_successfully' : 'service_healthy';
      expect([name, condition]).toEqual([name, expected]);
    }
    const mounted = Object.values(services).flatMap((service) => service.volumes ?? []);
    expect(mounted.map((volume) => volume.split(':')[0]).toSorted()).toEqual(Object.keys(volumes).toSorted());
  });
});
