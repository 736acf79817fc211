/** Objects: parsers, fsck's rules, and deltas applied. */
import { checkNamedBlob, checkObject } from '#git/fsck/check-object.ts';
import { STRICT } from '#git/fsck/finding.ts';
import { CommitSkeleton, parseCommit, scanCommit } from '#git/object/commit.ts';
import { parseIdentity } from '#git/object/identity.ts';
import { SHA1, SHA256 } from '#git/object/object-id.ts';
import { parseTag } from '#git/object/tag.ts';
import { findTreeEntry, parseTree } from '#git/object/tree.ts';
import { applyDelta, readDeltaHeader } from '#git/pack/delta.ts';
import { applyDelta as applyPlainly } from '../../differential/pack-content.ts';
import { diffDelta } from '../../fixtures/pack-maker.ts';
import { allowGitErrors, type FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';
import { makeObjectBody } from './object-body.ts';

const RESULT_MAX_BYTES = 1 << 16;

export function openObjectFuzzer(): FuzzSession {
  return {
    attempt(random) {
      const { type, body } = makeObjectBody(random);
      const format = random.oneIn(6) ? SHA256 : SHA1;
      checkObject(type, body, format, STRICT);
      checkNamedBlob(random.pick(['gitmodules', 'gitattributes'] as const), { kind: 'blob', body }, STRICT);
      allowGitErrors(() => void parseCommit(body, format));
      allowGitErrors(() => scanCommit(body, format, new CommitSkeleton()));
      allowGitErrors(() => void parseTree(body, format));
      allowGitErrors(() => void findTreeEntry(body, random.bytes(random.size(8)), format));
      allowGitErrors(() => void parseTag(body, format));
      parseIdentity(body.toString('latin1'));
    },
  };
}

/** What our code makes of a delta is what the plain reader of the tests makes of it. */
export function openDeltaFuzzer(): FuzzSession {
  return {
    attempt(random) {
      const base = random.bytes(random.size(400));
      const sound = diffDelta(base, mutate(random, base));
      const delta = random.oneIn(8) ? sound : mutate(random, sound);
      allowGitErrors(() => {
        const header = { baseSizeBytes: 0, resultSizeBytes: 0, instructionsStart: 0 };
        readDeltaHeader(delta, 0, delta.length, header);
        if (header.baseSizeBytes !== base.length || header.resultSizeBytes > RESULT_MAX_BYTES) return;
        const { instructionsStart, resultSizeBytes } = header;
        const result = Buffer.alloc(resultSizeBytes + 2, 0x55);
        applyDelta(base, 0, base.length, delta, instructionsStart, delta.length, result, 1, resultSizeBytes);
        const expected = applyPlainly(base, delta);
        if (!result.subarray(1, -1).equals(expected)) throw new Error(`delta ${delta.toString('hex')}: other result`);
        if (result.at(0) !== 0x55 || result.at(-1) !== 0x55) throw new Error('delta: written beyond its result');
      });
    },
  };
}
