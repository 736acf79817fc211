/**
 * A push with an object that is part of a collision attack is refused in git's words, and nothing of it stays. Nobody has made two
 * objects of git of one name, so the detector is told to take what only may be part of an attack for one; whether it is right about real
 * attacks is tested where it is.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { makeSuspectBlock } from '../fixtures/suspect-block.ts';
import { createTestAdmission } from '../support/admission.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';

const BLOCK_BYTES = 64;
const MIB = 1024 * 1024;

describe.skipIf(!hasDatabase)('a collision attack', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;

  beforeAll(async () => {
    forge = await GitForge.start(undefined, createTestAdmission(), 'suspicious');
    scratch = new ScratchRepository();
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  function commit(body: Uint8Array): { blob: string; isDelta: boolean } {
    writeFileSync(path.join(scratch.directory, 'file'), body);
    scratch.git(['add', '.']);
    scratch.git(['commit', '-q', '-m', 'A file']);
    scratch.git(['repack', '-q', '-a', '-d']);
    const blob = scratch.line(['rev-parse', 'HEAD:file']);
    const base = scratch.line(['cat-file', '--batch-check=%(deltabase)'], { input: `${blob}\n` });
    return { blob, isDelta: !/^0+$/.test(base) };
  }

  /** A block that may be part of an attack stands where a block of the object begins, header and all. */
  function suspect(sizeBytes: number, filler: Uint8Array, place: number): Buffer {
    const body = Buffer.alloc(sizeBytes, filler);
    const headerBytes = `blob ${sizeBytes}\0`.length;
    body.set(makeSuspectBlock(5, filler), place * BLOCK_BYTES - headerBytes);
    return body;
  }

  const push = (name: string) =>
    forge.git(scratch.directory, ['push', '-q', forge.url(name, 'ada'), 'HEAD:refs/heads/main']);

  /** What the push wrote to storage, of which nothing may be there any more, and rows of packs. */
  async function whatStays(writes: readonly MockInstance[]) {
    const keys = new Set(writes.flatMap((write) => write.mock.calls.map(([key]) => String(key))));
    const sizes = await Promise.all([...keys].map((key) => forge.blobs.size(key)));
    const rows = await forge.accounts.database.sql`select id from pack where state <> 'live'`;
    return { files: sizes.filter((size) => size !== undefined).length, rows: rows.length };
  }

  const calm = Buffer.from('0123456789abcdef'.repeat(4));

  it('is none where nothing is suspicious', async () => {
    commit(Buffer.alloc(4_000, calm));
    await forge.createRepository('calm');
    expect(await push('calm')).toMatchObject({ status: 0 });
  });

  it.each([
    ['in a small object', false, () => suspect(5_000, calm, 3)],
    ['in what a delta makes', true, () => suspect(3_900, calm, 60)],
    ['in an object that streams by', false, () => suspect(17 * MIB, randomBytes(BLOCK_BYTES), 200_000)],
  ])('%s', async (_, comesAsDelta, body) => {
    const { blob, isDelta } = commit(body());
    expect(isDelta).toBe(comesAsDelta);
    const name = `attacked-${blob.slice(0, 7)}`;
    await forge.createRepository(name);
    const writes = [vi.spyOn(forge.blobs, 'put'), vi.spyOn(forge.blobs, 'startUpload')];
    const run = await push(name);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(`remote unpack failed: SHA-1 appears to be part of a collision attack: ${blob}`);
    expect(run.stderr).toContain('(unpacker error)');
    expect(await whatStays(writes)).toEqual({ files: 0, rows: 0 });
    vi.restoreAllMocks();
    scratch.git(['reset', '-q', '--hard', 'HEAD~1']);
    expect(await push(name)).toMatchObject({ status: 0 });
  });
});
