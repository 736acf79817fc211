import { describe, expect, it } from 'vitest';
import { SHA1, SHA256 } from '#git/object/object-id.ts';
import type { Ref, RefSnapshot } from '#git/ref-store.ts';
import { advertiseForUploadPack, serviceAnnouncement } from './ref-advertisement.ts';

const [A, B, C] = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40)] as const;

function snapshot(refs: readonly Ref[], headTarget = 'refs/heads/main'): RefSnapshot {
  return { headTarget, refs, find: (name) => refs.find((ref) => ref.name === (name === 'HEAD' ? headTarget : name)) };
}

const REFS = snapshot([
  { name: 'refs/heads/main', target: A },
  { name: 'refs/tags/v1', target: B, peeled: C },
]);

const CONTEXT = {
  refs: REFS,
  format: SHA1,
  agent: 'x/1',
  version: 0,
  sessionId: undefined,
  offers: { tipInWant: false, reachableInWant: false, noDone: true, filter: false },
} as const;

describe('the advertisement', () => {
  it('for fetches begins with HEAD, names its branch and peels tags', () => {
    expect([...advertiseForUploadPack(CONTEXT)]).toEqual([
      `${A} HEAD\0multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative no-progress include-tag multi_ack_detailed no-done symref=HEAD:refs/heads/main object-format=sha1 agent=x/1\n`,
      `${A} refs/heads/main\n`,
      `${B} refs/tags/v1\n`,
      `${C} refs/tags/v1^{}\n`,
      { kind: 'flush' },
    ]);
  });

  it('offers more where settings allow it, in git’s order', () => {
    const offers = { tipInWant: true, reachableInWant: true, noDone: false, filter: true };
    const [first] = [...advertiseForUploadPack({ ...CONTEXT, sessionId: 'abc', offers })];
    expect(first).toMatch(
      / multi_ack_detailed allow-tip-sha1-in-want allow-reachable-sha1-in-want symref=HEAD:refs\/heads\/main filter session-id=abc object-format=sha1 agent=x\/1\n$/,
    );
  });

  it('does not name the branch of a HEAD that leads nowhere', () => {
    const refs = snapshot([{ name: 'refs/heads/other', target: A }]);
    const [first] = [...advertiseForUploadPack({ ...CONTEXT, refs })];
    expect(first).toMatch(new RegExp(`^${A} refs/heads/other\0`));
    expect(first).not.toContain('symref');
  });

  it('of an empty repository hangs the capabilities on a name that is none', () => {
    const context = { ...CONTEXT, refs: snapshot([]), format: SHA256 };
    const [first, ...rest] = [...advertiseForUploadPack(context)];
    expect(first).toMatch(/^0{64} capabilities\^\{\}\0.* object-format=sha256 agent=x\/1\n$/);
    expect(rest).toEqual([{ kind: 'flush' }]);
  });

  it('of version 1 says so first', () => {
    expect([...advertiseForUploadPack({ ...CONTEXT, version: 1 })][0]).toBe('version 1\n');
  });

  it('is announced with its service', () => {
    expect([...serviceAnnouncement('git-upload-pack')]).toEqual(['# service=git-upload-pack\n', { kind: 'flush' }]);
  });
});
