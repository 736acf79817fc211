/**
 * kill -9 of the server while LFS objects come in through it. After the restart what was acknowledged is there, what was not can be
 * uploaded at once, and what was half there is gone once leases have expired.
 */
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { connectDatabase, type Database } from '#db/client.ts';
import { sweepLfsUploads } from '#lfs/lfs-sweeper.ts';
import { limits } from '#limits.ts';
import { lfsKey } from '#storage/storage-key.ts';
import { hasS3 } from '../support/bucket.ts';
import { hasDatabase } from '../support/database.ts';
import { ForgeProcess } from '../support/forge-process.ts';
import { embeddedSetting, type ForgeSetting, inFolder, serviceSetting } from '../support/forge-setting.ts';
import { basic, LFS_JSON } from '../support/lfs-forge.ts';
import { hasRedis } from '../support/redis.ts';

const TOKEN = 'a-token-of-the-tests-alone';
const HEADERS = { authorization: basic('ada', TOKEN), accept: LFS_JSON, 'content-type': LFS_JSON };
const TIMEOUT_MS = 60_000;

interface Object {
  readonly oid: string;
  readonly bytes: Buffer;
}

describe.skipIf(!hasDatabase)('kill -9 during uploads of LFS objects', () => {
  it('with the embedded default', () => inFolder((folder) => crashDuringUploads(embeddedSetting(folder))), TIMEOUT_MS);

  it.skipIf(!(hasS3 && hasRedis))(
    'on S3, where objects pass through us',
    async () => {
      const setting = await serviceSetting();
      await crashDuringUploads({ ...setting, settings: { ...setting.settings, S3_PRESIGN: 'off' } });
    },
    TIMEOUT_MS,
  );
});

async function crashDuringUploads(setting: ForgeSetting): Promise<void> {
  const settings = { ...setting.settings, ADMIN_USERNAME: 'ada', ADMIN_TOKEN: TOKEN };
  const [stored, large, small] = [makeObject(100_000), makeObject(3 * limits.lfsPartBytes), makeObject(50_000)];
  {
    await using forge = await ForgeProcess.start({ settings });
    for (const { error, actions } of await ask(forge, [stored, large, small]))
      expect([error, !actions]).toEqual([undefined, false]);
    expect(await upload(forge, stored)).toBe(200);
    const broken = Promise.all([uploadAlmost(forge, large), uploadAlmost(forge, small)]);
    await withDatabase(setting, async ({ sql }) => {
      await vi.waitFor(
        async () => {
          const [row] = await sql`select count(*) as all, count(upload_id) as parts from lfs_upload`;
          expect(row, 'both are under way, and one in parts').toEqual({ all: 2, parts: 1 });
        },
        { timeout: 10_000, interval: 50 },
      );
    });
    await forge.stop('SIGKILL');
    await broken;
  }
  await using forge = await ForgeProcess.start({ settings });
  const after = await ask(forge, [stored, large, small]);
  expect(after.map(({ actions }) => actions !== undefined)).toEqual([false, true, true]);
  for (const object of [large, small]) {
    expect(await upload(forge, object)).toBe(200);
    const answer = await fetch(addressOf(forge, object), { headers: HEADERS });
    expect(Buffer.from(await answer.arrayBuffer()).equals(object.bytes)).toBe(true);
  }
  await withDatabase(setting, (database) => checkLeftovers(setting, database));
}

/** Lets time pass for leases, sweeps, and then looks for what no object accounts for. */
async function checkLeftovers(setting: ForgeSetting, database: Database): Promise<void> {
  const { sql } = database;
  const blobs = await setting.openBlobs();
  try {
    await sql`update lfs_upload set expires_at = now() - interval '1 second'`;
    await sweepLfsUploads(database, blobs);
    const rows = await sql<{ blobId: string }[]>`select blob_id as "blobId" from lfs_object`;
    expect(await setting.listStored().then((keys) => keys.toSorted())).toEqual(
      rows.map(({ blobId }) => lfsKey(blobId)).toSorted(),
    );
    expect(rows).toHaveLength(3);
    expect(await sql`select from lfs_upload`).toHaveLength(0);
  } finally {
    await blobs.close();
  }
}

async function withDatabase(setting: ForgeSetting, work: (database: Database) => Promise<void>): Promise<void> {
  const database = connectDatabase(setting.databaseUrl());
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

function makeObject(sizeBytes: number): Object {
  const bytes = randomBytes(sizeBytes);
  return { bytes, oid: createHash('sha256').update(bytes).digest('hex') };
}

/** What is to be done to upload these. The first time this makes the repository. */
async function ask(forge: ForgeProcess, objects: readonly Object[]): Promise<{ actions?: object; error?: object }[]> {
  const answer = await fetch(`${forge.url}/ada/files.git/info/lfs/objects/batch`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({
      operation: 'upload',
      objects: objects.map(({ oid, bytes }) => ({ oid, size: bytes.length })),
    }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()).objects;
}

function addressOf(forge: ForgeProcess, { oid }: Object): string {
  return `${forge.url}/ada/files.git/info/lfs/objects/${oid}`;
}

async function upload(forge: ForgeProcess, object: Object): Promise<number> {
  const body = Uint8Array.from(object.bytes);
  return (await fetch(addressOf(forge, object), { method: 'PUT', headers: HEADERS, body })).status;
}

/** All but the last byte. @returns once the connection is gone */
function uploadAlmost(forge: ForgeProcess, object: Object): Promise<void> {
  return new Promise((resolve) => {
    const headers = { ...HEADERS, 'content-length': String(object.bytes.length) };
    const request = http.request(addressOf(forge, object), { method: 'PUT', headers, agent: false });
    request.on('error', () => {}).on('close', () => resolve());
    request.write(object.bytes.subarray(0, -1));
  });
}
