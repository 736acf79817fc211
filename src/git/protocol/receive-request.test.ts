import { describe, expect, it } from 'vitest';
import { SHA1 } from '#git/object/object-id.ts';
import { encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { PktLineReader } from '#git/pkt-line/pkt-line-reader.ts';
import { limits } from '#limits.ts';
import { bringsPack, type ReceiveRequest, readReceiveRequest } from './receive-request.ts';

const [A, B] = ['a'.repeat(40), 'b'.repeat(40)] as const;
const ZERO = SHA1.zeroId;

async function read(...pkts: OutgoingPkt[]): Promise<ReceiveRequest | undefined> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (const pkt of pkts) yield encodePktLine(pkt);
  }
  return readReceiveRequest(new PktLineReader(bytes()), SHA1);
}

describe('readReceiveRequest', () => {
  it('reads commands, capabilities and push options', async () => {
    const capabilities = 'report-status-v2 side-band-64k quiet atomic push-options object-format=sha1 agent=git/2';
    const request = await read(
      `${A} ${B} refs/heads/main\0 ${capabilities}`,
      `${ZERO} ${B} refs/heads/ünïcode\n`,
      FLUSH,
      'ci.skip',
      'a=b\n',
      FLUSH,
    );
    expect(request).toEqual({
      commands: [
        { oldId: A, newId: B, name: 'refs/heads/main' },
        { oldId: ZERO, newId: B, name: 'refs/heads/ünïcode' },
      ],
      shallowIds: [],
      report: 'v2',
      sideBand: true,
      quiet: true,
      atomic: true,
      pushOptions: ['ci.skip', 'a=b'],
    });
  });

  it('reads a request that asks for nothing', async () => {
    const request = await read(`${A} ${ZERO} refs/heads/main`, FLUSH);
    expect(request).toMatchObject({ report: 'none', sideBand: false, atomic: false, pushOptions: [] });
  });

  it('knows the older report', async () => {
    expect(await read(`${A} ${B} refs/heads/x\0report-status`, FLUSH)).toMatchObject({ report: 'v1' });
  });

  it('reads where a shallow client stops', async () => {
    const request = await read(`shallow ${A}\n`, `${ZERO} ${B} refs/heads/main\0report-status`, FLUSH);
    expect(request).toMatchObject({ shallowIds: [A], commands: [{ newId: B }] });
  });

  it.each([[[FLUSH]], [[]]])('takes a probe for what it is: %j', async (pkts) => {
    expect(await read(...pkts)).toBeUndefined();
  });

  it('refuses push options beyond the bounds', async () => {
    const head = [`${A} ${B} refs/heads/x\0push-options`, FLUSH];
    const many = Array<string>(limits.pushOptionsMax + 1).fill('x');
    await expect(read(...head, ...many, FLUSH)).rejects.toThrow('push with more than 256 push options');
    await expect(read(...head, 'x'.repeat(limits.pushOptionMaxBytes + 1), FLUSH)).rejects.toThrow(
      'push option of more',
    );
    await expect(read(...head, 'x')).rejects.toThrow('hung up');
  });

  it('keeps a newline inside a name for the ref check to find', async () => {
    expect(await read(`${A} ${B} refs/heads/a\nb\n`, FLUSH)).toMatchObject({ commands: [{ name: 'refs/heads/a\nb' }] });
  });
});

describe('bringsPack', () => {
  it('is false when everything is deleted', () => {
    const deletion = { oldId: A, newId: ZERO, name: 'refs/heads/x' };
    expect(bringsPack([deletion], SHA1)).toBe(false);
    expect(bringsPack([deletion, { ...deletion, newId: B }], SHA1)).toBe(true);
  });
});
