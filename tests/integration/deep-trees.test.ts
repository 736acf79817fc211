/** Folders deep inside each other: how many levels a push may bring, and that nothing here minds what it let in. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffTrees } from '#git/diff/tree-diff.ts';
import { parseObjectFilter } from '#git/filter/parse-filter.ts';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import type { PackRequest, RepositorySnapshot } from '#repository/repository-engine.ts';
import { ObjectModel } from '../differential/object-model.ts';
import { readPackContent } from '../differential/pack-content.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { request } from '../support/raw-http.ts';

const ZERO = '0'.repeat(40);

describe.skipIf(!hasDatabase)('deep trees', () => {
  let forge: GitForge;
  const model = new ObjectModel('sha1');
  const blob = model.blob('bottom\n');

  beforeAll(async () => {
    forge = await GitForge.start();
  });

  afterAll(async () => {
    await forge?.close();
  });

  /** @returns a tree with so many folders inside each other, and at the bottom what is given */
  function nest(levels: number, bottom: { mode: '100644' | '40000'; name: string; id: string }): string {
    let id = model.tree([bottom]);
    for (let level = 1; level < levels; level++) id = model.tree([{ mode: '40000', name: 'd', id }]);
    return id;
  }

  function bottomFile(name: string) {
    return { mode: '100644', name, id: blob } as const;
  }

  function commit(tree: string, ...parents: string[]): string {
    return model.commit(tree, parents, 1_700_000_000 + model.objects.size, 'Deep');
  }

  async function push(
    name: string,
    refs: Record<string, string>,
    had: readonly string[] = [],
  ): Promise<{ report: string; messages: string }> {
    const known = model.closure(had);
    const pack = model.pack([...model.closure(Object.values(refs))].filter((id) => !known.has(id)));
    const lines = Object.entries(refs).map(
      ([ref, id], index) => `${ZERO} ${id} refs/heads/${ref}${index === 0 ? '\0report-status side-band-64k' : ''}`,
    );
    const answer = await request(forge.port, 'POST', `/ada/${name}.git/git-receive-pack`, {
      headers: { authorization: forge.authorization, 'content-type': 'application/x-git-receive-pack-request' },
      body: Buffer.concat([...lines.map((line) => encodePktLine(line)), encodePktLine(FLUSH), pack]),
    });
    const text = answer.body.toString('latin1');
    return {
      report: [...text.matchAll(/(?:ok|ng) refs\/heads\/[^\n]*/g)].map(([line]) => line).join('; '),
      messages: [...text.matchAll(/fatal: [^\n]*/g)].map(([line]) => line).join('; '),
    };
  }

  it('refuses what git refuses, and takes the other refs of the push', async () => {
    await forge.createRepository('levels');
    const lowest = commit(nest(2_049, bottomFile('lowest')));
    expect(await push('levels', { lowest })).toEqual({ report: 'ok refs/heads/lowest', messages: '' });
    const deeper = commit(nest(2_050, bottomFile('deeper')));
    const flat = commit(model.tree([bottomFile('flat')]));
    // Deep in the middle of history alone: what leads to it is refused, too.
    const after = commit(model.tree([bottomFile('after')]), deeper);
    expect(await push('levels', { deeper, flat, after })).toEqual({
      report: [
        'ng refs/heads/deeper missing necessary objects',
        'ok refs/heads/flat',
        'ng refs/heads/after missing necessary objects',
      ].join('; '),
      messages: 'fatal: exceeded maximum allowed tree depth',
    });
    const clone = await forge.git(forge.folder, ['clone', '-q', '--mirror', forge.url('levels'), 'levels']);
    expect(clone).toMatchObject({ status: 0, stderr: '' });
  });

  describe('twelve thousand levels, which came in steps', () => {
    const LEVELS = 12_000;
    let snapshot: RepositorySnapshot;
    const commits: string[] = [];

    beforeAll(async () => {
      const { id } = await forge.createRepository('steps');
      await forge.accounts.database.sql`
        update repository set git_settings = '{"core.maxTreeDepth": 4096}'::jsonb where id = ${id}`;
      let bottom: { mode: '100644' | '40000'; name: string; id: string } = bottomFile('bottom');
      for (let levels = 0; levels < LEVELS; levels += 4_000) {
        const tree = nest(4_000, bottom);
        bottom = { mode: '40000', name: 'd', id: tree };
        const before = commits.slice(-1);
        commits.push(commit(tree, ...before));
        const step = commits.at(-1) as string;
        expect(await push('steps', { [`step-${levels}`]: step }, before)).toMatchObject({ messages: '' });
      }
      snapshot = await forge.engine.snapshot(id);
    });

    async function fetch(options: Partial<PackRequest>): Promise<Set<string>> {
      const plan = await forge.engine.planPack(snapshot, {
        wants: commits.slice(-1),
        haves: [],
        thinPack: false,
        ofsDelta: true,
        includeTag: false,
        visibleRefs: snapshot.refs.refs,
        clientShallow: [],
        shallowUpdate: undefined,
        filter: undefined,
        signal: AbortSignal.timeout(60_000),
        ...options,
      });
      const pieces: Uint8Array[] = [];
      for await (const piece of plan.stream()) pieces.push(Buffer.from(piece));
      return new Set(readPackContent(Buffer.concat(pieces), model).ids);
    }

    it('are cloned, whole and in part', async () => {
      const [first, second, last] = commits as [string, string, string];
      expect(await fetch({})).toEqual(model.closure([last]));
      expect(await fetch({ wants: [second] })).toEqual(model.closure([second]));
      const update = { shallow: [last], unshallow: [] };
      expect(await fetch({ shallowUpdate: update })).toEqual(model.closure([last], new Set([last])));
      expect(model.closure([first]).size).toBeLessThan((await fetch({ wants: [last], haves: [first] })).size);
      const filter = parseObjectFilter(`tree:${LEVELS + 1}`);
      expect(await fetch({ filter })).toEqual(model.closure([last]));
      const trees = await fetch({ filter: parseObjectFilter('tree:5000'), shallowUpdate: update });
      expect(trees.size).toBe(5_001);
    });

    it('are told apart, and not archived', async () => {
      const [from, to] = commits.slice(-2).map((id) => model.get(id).references[0]) as [string, string];
      const changes = [];
      await expect(async () => {
        for await (const change of diffTrees(snapshot.objects, from, to)) changes.push(change);
      }).rejects.toThrow('exceeded maximum allowed tree depth');
      // It has begun, so it can only break off.
      const archive = request(forge.port, 'GET', '/ada/steps/archive/refs/heads/step-8000.tar.gz', {});
      await expect(archive).rejects.toThrow('socket hang up');
    });
  });
});
