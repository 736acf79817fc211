import { describe, expect, it } from 'vitest';
import { type ObjectFormats, SHA1, SHA256 } from '#git/object/object-id.ts';
import { encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { PktLineReader } from '#git/pkt-line/pkt-line-reader.ts';
import { limits } from '#limits.ts';
import { bringsPack, type ReceiveRequest, readReceiveRequest } from './receive-request.ts';

const [A, B] = ['a'.repeat(40), 'b'.repeat(40)] as const;
const ZERO = SHA1.zeroId;
const OFFERS = { atomic: true, pushOptions: true };

function read(...pkts: OutgoingPkt[]): Promise<ReceiveRequest | undefined> {
  return readFor([SHA1], ...pkts);
}

function readFor(formats: ObjectFormats, ...pkts: OutgoingPkt[]): Promise<ReceiveRequest | undefined> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (const pkt of pkts) yield encodePktLine(pkt);
  }
  return readReceiveRequest(new PktLineReader(bytes()), formats, OFFERS);
}

describe('readReceiveRequest', () => {
  it('reads commands, capabilities and push options', async () => {
    const capabilities =
      'report-status-v2 side-band-64k quiet atomic push-options object-format=sha1 session-id=s-1 agent=git/2';
    const request = await read(
      `${A} ${B} refs/heads/main\0 ${capabilities}`,
      `${ZERO} ${B} refs/heads/ünïcode\n`,
      FLUSH,
      'ci.skip',
      'a=b\n',
      FLUSH,
    );
    expect(request).toEqual({
      format: SHA1,
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
      certificate: undefined,
      clientSessionId: 's-1',
      refusal: undefined,
    });
  });

  it('adds up the capabilities of all lines, whatever white space is between them', async () => {
    const request = await read(
      `${A} ${B} refs/heads/a\0report-status\tside-band-64k\r\nquiet\0no-line`,
      `${A} ${B} refs/heads/b\0atomic session-id=s-2`,
      FLUSH,
    );
    const asked = { report: 'v1', sideBand: true, quiet: true, atomic: true, clientSessionId: 's-2' };
    expect(request).toMatchObject(asked);
    const foreign = read(`${A} ${B} refs/heads/a\0quiet`, `${A} ${B} refs/heads/b\0object-format=sha256`, FLUSH);
    await expect(foreign).rejects.toThrow("error: unsupported object format 'sha256'");
  });

  it('reads where history ends as leniently as git', async () => {
    const request = await read(`shallow ${A.toUpperCase()} and more\n`, `${A} ${B} refs/heads/a`, FLUSH);
    expect(request).toMatchObject({ shallowIds: [A] });
    await expect(read('shallow ', FLUSH)).rejects.toThrow("expected old/new/ref, got 'shallow '");
    await expect(read('shallow xyz', FLUSH)).rejects.toThrow("expected shallow sha, got 'xyz'");
  });

  it.each([[['ERR no\n']], [[`${A} ${B} refs/heads/a\0push-options`, FLUSH, 'ERR no']]])(
    'hears of an error of the client: %j',
    async (pkts) => {
      await expect(read(...pkts, FLUSH)).rejects.toThrow('remote error: no');
    },
  );

  it('ends a push option where a string of C ends', async () => {
    const request = await read(`${A} ${B} refs/heads/main\0push-options`, FLUSH, 'a\0b', FLUSH);
    expect(request).toMatchObject({ pushOptions: ['a'] });
  });

  it('takes a push option for the text that it is, whatever is in it', async () => {
    const options = ['a;b=c', 'x-internal: root', '$(id)', 'two\nlines', '--upload-pack=id', ''];
    const request = await read(`${A} ${B} refs/heads/main\0push-options`, FLUSH, ...options, FLUSH);
    expect(request).toMatchObject({ pushOptions: options, commands: [{ name: 'refs/heads/main' }] });
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

  it('reads a request beyond the bounds to its end, and keeps none of it', async () => {
    const head = [`${A} ${B} refs/heads/x\0report-status push-options`, FLUSH];
    const options = Array<string>(limits.pushOptionsMax + 1).fill('x');
    const commands = Array.from({ length: limits.pushCommandsMax + 2 }, (_, i) => `${ZERO} ${B} refs/heads/${i}`);
    const nothing = { commands: [], pushOptions: [] };
    expect(await read(...head, ...options, FLUSH)).toEqual(
      expect.objectContaining({ ...nothing, refusal: 'push with more than 256 push options' }),
    );
    expect(await read(...head, 'x'.repeat(limits.pushOptionMaxBytes + 1), FLUSH)).toEqual(
      expect.objectContaining({ ...nothing, refusal: 'push option of more than 4096 bytes' }),
    );
    expect(await read(`${A} ${B} refs/heads/x\0report-status`, ...commands, FLUSH)).toEqual(
      expect.objectContaining({
        ...nothing,
        report: 'v1',
        refusal: expect.stringMatching(/^push of more than 10000 refs/),
      }),
    );
    const long = `refs/heads/${'x'.repeat(limits.refNameMaxBytes)}`;
    expect(await read(`${A} ${B} ${long}\0report-status`, FLUSH)).toMatchObject({
      refusal: 'push of a ref whose name has more than 1024 bytes',
    });
  });

  it('has no other way to tell a client that wants no report', async () => {
    const long = `refs/heads/${'x'.repeat(limits.refNameMaxBytes)}`;
    await expect(read(`${A} ${B} ${long}`, FLUSH)).rejects.toThrow('more than 1024 bytes');
  });

  it('wants its end where it promises one', async () => {
    await expect(read(`${A} ${B} refs/heads/x\0push-options`, FLUSH, 'x')).rejects.toThrow('hung up');
    await expect(read(`${A} ${B} refs/heads/x`)).rejects.toThrow('hung up');
  });

  it('disregards what was not offered', async () => {
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (const pkt of [`${A} ${B} refs/heads/x\0atomic push-options`, FLUSH]) yield encodePktLine(pkt);
    }
    const offers = { atomic: false, pushOptions: false };
    expect(await readReceiveRequest(new PktLineReader(bytes()), [SHA1], offers)).toMatchObject({ atomic: false });
  });

  it('keeps the bytes of a name that is not UTF-8', async () => {
    const line = Buffer.concat([Buffer.from(`${A} ${B} refs/heads/`), Buffer.of(0xe9)]);
    const nameBytes = Buffer.from('refs/heads/\xe9', 'latin1');
    expect(await read(line, FLUSH)).toMatchObject({ commands: [{ name: 'refs/heads/\xe9', nameBytes }] });
  });

  it('keeps a newline inside a name for the ref check to find', async () => {
    expect(await read(`${A} ${B} refs/heads/a\nb\n`, FLUSH)).toMatchObject({ commands: [{ name: 'refs/heads/a\nb' }] });
  });
});

describe('of a repository that may have either format', () => {
  const LONG = 'd'.repeat(64);
  const readEither = (...pkts: OutgoingPkt[]) => readFor([SHA1, SHA256], ...pkts, FLUSH);

  it.each([
    ['what it names', SHA256, [`${SHA256.zeroId} ${LONG} refs/heads/x\0object-format=sha256`]],
    [
      'what it names behind a boundary',
      SHA256,
      [`shallow ${LONG}`, `${LONG} ${LONG} refs/heads/x\0object-format=sha256`],
    ],
    ['the other one', SHA1, [`${ZERO} ${A} refs/heads/x\0object-format=sha1`]],
    ['the first when it names none', SHA1, [`${ZERO} ${A} refs/heads/x\0report-status`]],
  ])('is of %s', async (_, format, lines) => {
    expect(await readEither(...lines)).toMatchObject({ format, commands: [{ name: 'refs/heads/x' }] });
  });

  it('is decided by the first line', async () => {
    const mixed = readEither(`${ZERO} ${A} refs/heads/x\0quiet`, `${ZERO} ${A} refs/heads/y\0object-format=sha256`);
    await expect(mixed).rejects.toThrow("error: unsupported object format 'sha256'");
    await expect(readEither(`${ZERO} ${A} refs/heads/x\0object-format=md5`)).rejects.toThrow("format 'md5'");
    await expect(readEither(`${ZERO} ${LONG} refs/heads/x\0quiet`)).rejects.toThrow('expected old/new/ref');
  });
});

describe('bringsPack', () => {
  it('is false when everything is deleted', () => {
    const deletion = { oldId: A, newId: ZERO, name: 'refs/heads/x' };
    expect(bringsPack({ format: SHA1, commands: [deletion], refusal: undefined })).toBe(false);
    expect(bringsPack({ format: SHA1, commands: [deletion, { ...deletion, newId: B }], refusal: undefined })).toBe(
      true,
    );
  });
});
