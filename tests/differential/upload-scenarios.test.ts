/**
 * Requests to upload-pack one by one, in the corners of gitprotocol-pack(5), gitprotocol-v2(5) and gitprotocol-http(5): our answers beside
 * those of `git http-backend`. What options do together is for the generated questions of `upload-pack.test.ts`.
 */
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LENGTH_DIGITS } from '#git/pkt-line/decode.ts';
import { splitPktLines } from '#git/pkt-line/pkt-line-reader.ts';
import type { GitSession } from '#transport/git/git-session.ts';
import { serveUploadPack } from '#transport/git/upload-pack.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { compareFetch } from './fetch-comparison.ts';
import { FETCH_V0, FETCH_V2 } from './fetch-scripts.ts';
import { type GeneratedRepository, visibleIds } from './generated-repository.ts';
import { LS_REFS } from './ls-refs-scripts.ts';
import { ObjectModel } from './object-model.ts';
import { makeScenarioRepository } from './scenario-repository.ts';
import { encodeScript, questionOf } from './scenario-request.ts';
import { EMPTY_V0, EMPTY_V2, LONG_V0, LONG_V2, SETTINGS } from './special-scripts.ts';
import { STATEFUL_V0, STATEFUL_V2 } from './stateful-scripts.ts';
import { type Answers, linesOf, Twins } from './twins.ts';

/** Requests that are under way at once. */
const AT_ONCE = 4;

const { repository } = makeScenarioRepository();
const long = makeScenarioRepository('sha256');
const visible = visibleIds(repository);
const everything: ReadonlySet<string> = new Set(repository.model.objects.keys());

describe.skipIf(!hasDatabase)('upload-pack, beside git http-backend', () => {
  let forge: GitForge;
  let twins: Twins;

  beforeAll(async () => {
    forge = await GitForge.start();
    twins = await Twins.create(forge, 'scenarios', repository);
  });

  afterAll(() => forge?.close());

  describe.each<[string, 0 | 1 | 2, Readonly<Record<string, string>>]>([
    ['ls-refs', 2, LS_REFS],
    ['fetch in version 2', 2, FETCH_V2],
    ['fetch in version 0', 0, FETCH_V0],
    ['fetch in version 1', 1, Object.fromEntries(Object.entries(FETCH_V0).slice(0, 25))],
  ])('%s', (_, version, scripts) => {
    it('answers as git does', { timeout: 300_000 }, async () => {
      expect(await differences(version, scripts, twins, repository)).toEqual({});
    });
  });

  it('answers as git does on a connection, in version 0', { timeout: 300_000 }, async () => {
    expect(await differences(0, STATEFUL_V0, twins, repository, visible, converse)).toEqual({});
  });

  it('answers as git does on a connection, in version 2', async () => {
    for (const script of Object.values(STATEFUL_V2)) {
      const { ours, gits } = await converse(twins, 2, encodeScript(script));
      const fatal = /^fatal: (.*)$/m.exec(gits.log)?.[1];
      const expected = [...withoutPack(gits.body), ...(fatal === undefined ? [] : [`ERR ${fatal}`])];
      expect(withoutPack(ours.body), script).toEqual(expected);
    }
  });

  /** The whole of what a client says at once, to both. What they say of themselves first is left out. */
  async function converse(others: Twins, version: 0 | 1 | 2, input: Buffer): Promise<Answers> {
    const written: Uint8Array[] = [];
    const found = await forge.accounts.catalog.find('ada', others.name, forge.owner);
    if (found === undefined) throw new Error('the repository is not there');
    const session: GitSession = {
      services: forge.services,
      repository: found,
      principal: forge.owner,
      version,
      agent: 'opencodehub/test',
      sessionId: 'session-1',
      signal: AbortSignal.timeout(60_000),
      output: { write: async (bytes) => void written.push(Buffer.from(bytes)) },
      log: pino({ level: 'silent' }),
      describe: (error) => (error instanceof Error ? error.message : String(error)),
    };
    await serveUploadPack(session, Readable.from([input]), 'stateful');
    const gits = others.uploadPack(version, input);
    const common = { status: 200, headers: {} };
    return {
      ours: { ...common, body: afterFirstFlush(Buffer.concat(written)), log: '' },
      gits: { ...common, body: afterFirstFlush(gits.stdout), log: gits.stderr.toString() },
    };
  }

  it.each([0, 2] as const)('takes compressed requests in version %i', async (version) => {
    const script = Object.values(version === 0 ? FETCH_V0 : FETCH_V2)[0] as string;
    for (const encoding of ['gzip', 'x-gzip']) {
      const headers = { 'content-encoding': encoding };
      const answers = await ask(twins, version, gzipSync(encodeScript(script)), headers);
      expect(
        compareFetch(questionOf(version, script, repository, answers), answers, repository.model, visible),
      ).toEqual([]);
      expect(linesOf(answers.ours.body).length).toBeGreaterThan(1);
    }
  });

  describe('with other settings', () => {
    afterEach(() => twins.configure({}));

    it.each(Object.entries(SETTINGS))('%s', async (_, { settings, v0, v2 }) => {
      await twins.configure(settings);
      const seen = Object.keys(settings).some((name) => /allow(Tip|Any)SHA1/.test(name)) ? everything : visible;
      expect(await differences(0, v0, twins, repository, seen)).toEqual({});
      expect(await differences(2, v2, twins, repository, seen)).toEqual({});
      for (const version of [0, 2] as const) {
        const { ours, gits } = await twins.advertisement('git-upload-pack', version);
        expect(comparable(linesOf(ours.body))).toEqual(comparable(linesOf(gits.body)));
      }
    });
  });

  // Git 2.39 knows neither the one setting nor the other command.
  it.each([
    ['uploadpack.advertiseBundleURIs', 'bundle-uri'],
    ['transfer.advertiseObjectInfo', 'object-info'],
  ] as const)('heeds %s', async (setting, command) => {
    for (const isOffered of [true, false]) {
      await twins.configure({ [setting]: isOffered });
      const { ours } = await twins.advertisement('git-upload-pack', 2);
      expect(linesOf(ours.body).includes(command)).toBe(isOffered);
      const { ours: answer } = await ask(twins, 2, encodeScript(`command=${command}\n0000`));
      expect(linesOf(answer.body)).toEqual([isOffered ? '<flush>' : `ERR invalid command '${command}'`]);
    }
    await twins.configure({});
  });

  it('of a repository with nothing in it, and of one whose HEAD is unborn', async () => {
    const empty = { ...repository, model: new ObjectModel('sha1'), refs: new Map(), commits: [], unreachable: [] };
    for (const [name, one] of [
      ['empty', empty],
      ['unborn', { ...repository, headTarget: 'refs/heads/none' }],
    ] as const) {
      const others = await Twins.create(forge, name, one);
      expect(await differences(2, EMPTY_V2, others, one)).toEqual({});
      expect(await differences(0, EMPTY_V0, others, one)).toEqual({});
    }
  });

  it('of a repository of SHA-256', async () => {
    const others = await Twins.create(forge, 'long', long.repository);
    expect(await differences(2, LONG_V2, others, long.repository)).toEqual({});
    expect(await differences(0, LONG_V0, others, long.repository)).toEqual({});
  });
});

/** Names and values that are each server's own are left out, and so is what is ours alone. */
function comparable(lines: readonly string[]): string[] {
  const text = lines.join('\n').replace(/ ?\b(agent|session-id)=\S*/g, '$1');
  return text.replace(/ packfile-uris$|\nbundle-uri$/gm, '').split('\n');
}

/** Of each script whose answers differ, how. */
async function differences(
  version: 0 | 1 | 2,
  scripts: Readonly<Record<string, string>>,
  twins: Twins,
  twin: GeneratedRepository,
  seen: ReadonlySet<string> = visibleIds(twin),
  askBoth = ask,
): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  const waiting = Object.entries(scripts);
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [name, script] = next;
      const answers = await askBoth(twins, version, encodeScript(script));
      const different = compareFetch(questionOf(version, script, twin, answers), answers, twin.model, seen);
      if (different.length > 0) found[name] = different;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

function afterFirstFlush(body: Buffer): Buffer {
  let offset = 0;
  for (const pkt of splitPktLines(body)) {
    offset += pkt.kind === 'data' ? LENGTH_DIGITS + pkt.payload.length : LENGTH_DIGITS;
    if (pkt.kind === 'flush') break;
  }
  return body.subarray(offset);
}

function withoutPack(body: Buffer): string[] {
  return linesOf(body).filter((line) => line.charCodeAt(0) > 3);
}

function ask(twins: Twins, version: 0 | 1 | 2, body: Buffer, headers: Record<string, string> = {}): Promise<Answers> {
  const protocol: Record<string, string> = version === 0 ? {} : { 'git-protocol': `version=${version}` };
  const type = { 'content-type': 'application/x-git-upload-pack-request' };
  return twins.ask('POST', 'git-upload-pack', { headers: { ...type, ...protocol, ...headers }, body });
}
