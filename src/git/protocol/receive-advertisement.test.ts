import { expect, it } from 'vitest';
import { SHA1, SHA256 } from '#git/object/object-id.ts';
import { advertiseForReceivePack, type ReceiveAdvertisement } from './receive-advertisement.ts';

const [A, B, C] = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40)] as const;
const ALL: ReceiveAdvertisement = {
  refs: [
    { name: 'refs/heads/main', target: A },
    { name: 'refs/tags/v1', target: B, peeled: C },
  ],
  formats: [SHA1],
  agent: 'x/1',
  sessionId: 's-1',
  offers: { atomic: true, pushOptions: true },
  certificateNonce: '1-abc',
  version: 0,
};

it('has neither HEAD nor peeled tags', () => {
  expect([...advertiseForReceivePack(ALL)]).toEqual([
    `${A} refs/heads/main\0report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-cert=1-abc push-options session-id=s-1 object-format=sha1 agent=x/1\n`,
    `${B} refs/tags/v1\n`,
    { kind: 'flush' },
  ]);
});

it('offers no more than the repository allows', () => {
  const offers = { atomic: false, pushOptions: false };
  const [first] = [...advertiseForReceivePack({ ...ALL, offers, certificateNonce: undefined, sessionId: undefined })];
  expect(first).toMatch(
    /\0report-status report-status-v2 delete-refs side-band-64k quiet ofs-delta object-format=sha1 /,
  );
});

it('of an empty repository hangs the capabilities on a name that is none', () => {
  const [first, ...rest] = [...advertiseForReceivePack({ ...ALL, refs: [], formats: [SHA256] })];
  expect(first).toMatch(/^0{64} capabilities\^\{\}\0.* object-format=sha256 agent=x\/1\n$/);
  expect(rest).toEqual([{ kind: 'flush' }]);
});

it('of a repository that the push creates lets clients of either format through', () => {
  const [first, ...rest] = [...advertiseForReceivePack({ ...ALL, refs: [], formats: [SHA1, SHA256] })];
  expect(first).toMatch(/^[0-9a-f]{40} \.have\0.* object-format=sha1 agent=x\/1\tobject-format=sha256\n$/);
  expect(rest).toEqual([{ kind: 'flush' }]);
});

it('of version 1 says so first', () => {
  expect([...advertiseForReceivePack({ ...ALL, version: 1 })][0]).toBe('version 1\n');
});
