/** Sessions of SSH by a client of ill will that has a key: odd commands, variables, terminals, early ends and many channels at once. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import ssh2, { type Client, type ClientChannel } from 'ssh2';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { limits } from '#limits.ts';
import { type GeneratedRepository, generateRepository } from '../../differential/generated-repository.ts';
import type { ObjectModel } from '../../differential/object-model.ts';
import { SshForge } from '../../support/ssh-forge.ts';
import type { FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { openWatchedForge, PARALLEL, storeRepository } from './forge-client.ts';
import { SSH_COMMANDS, SSH_VOCABULARY } from './text.ts';

/** As many as the inputs under way use; each is given up after some. */
const CONNECTIONS = 3;
const SESSIONS = 2 * PARALLEL;
const ANSWER_MAX_MS = 10_000;
const PAUSE_MS = 30;
const PLACES = ["'/ada/session.git'", "'ada/session'", 'ada/nothing.git', "'/ada/new-one.git'", "'/nobody/x'"];
const VERBS = ['git-upload-pack', 'git-receive-pack', 'git-upload-archive', 'git-lfs-authenticate', 'git upload-pack'];

export async function openSshSessionFuzzer(): Promise<FuzzSession> {
  const { forge, watch, close } = await openWatchedForge();
  const repository = generateRepository(5);
  await storeRepository(forge, 'session', repository);
  const server = await SshForge.start(forge, { log: watch.log });
  const { private: privateKey, public: line } = ssh2.utils.generateKeyPairSync('ed25519');
  const added = await forge.accounts.sshKeys.addUserKey(forge.owner.userId, { title: '', line });
  if (added.kind !== 'added') throw new Error(`add key: ${added.kind}`);
  const clients = new Map<number, Promise<Client>>();
  const connect = async () => {
    const client = new ssh2.Client();
    client.setMaxListeners(2 * SESSIONS);
    client.on('error', () => {});
    client.connect({ host: '127.0.0.1', port: server.port, username: 'git', privateKey, readyTimeout: 20_000 });
    await once(client, 'ready');
    return client;
  };
  const clientFor = (random: Random) => {
    const place = random.below(CONNECTIONS);
    const client = clients.get(place) ?? connect();
    clients.set(place, client);
    // Now and then somebody hangs up in the middle of what the others do.
    if (random.oneIn(150)) {
      clients.delete(place);
      void client.then((open) => (random.oneIn(2) ? open.end() : open.destroy()));
    }
    return client;
  };
  const statuses = new Map<number | undefined, number>();
  const tally = (status: number | undefined) => void statuses.set(status, (statuses.get(status) ?? 0) + 1);
  watch.forgive();
  return {
    parallel: SESSIONS,
    attempt: async (random) => tally(await runSession(random, await clientFor(random), repository)),
    async check() {
      for (const client of clients.values()) (await client).end();
      clients.clear();
      for (let waitedMs = 0; server.server.sockets.length > 0; waitedMs += 50) {
        if (waitedMs > ANSWER_MAX_MS) throw new Error(`${server.server.sockets.length} connections stay open`);
        await sleep(50);
      }
      const client = await connect();
      const { text } = await collect(await open(client, "git-upload-pack '/ada/session.git'"), (channel) => {
        channel.end(encodePktLine(FLUSH));
      });
      client.end();
      if (!text.includes('refs/heads/')) throw new Error(`the server answers ${JSON.stringify(text)}`);
      await watch.check(forge.accounts.database.sql);
    },
    describe: () => [...statuses].map(([status, count]) => `${count} with exit status ${status ?? 'none'}`).join(', '),
    async close() {
      for (const client of clients.values()) (await client).end();
      await server.close();
      await close();
    },
  };
}

async function runSession(
  random: Random,
  client: Client,
  repository: GeneratedRepository,
): Promise<number | undefined> {
  const command = makeCommand(random);
  const env = random.oneIn(2) ? { GIT_PROTOCOL: makeVersion(random) } : { [random.pick(['LD_PRELOAD', 'X', ''])]: 'y' };
  let channel: ClientChannel;
  try {
    channel = await open(client, command, { env, ...(random.oneIn(15) && { pty: true }) }, random);
  } catch {
    // Refused, or the connection is gone: the next inputs tell whether the server is there.
    return undefined;
  }
  const { text, status } = await collect(channel, (opened) => talk(random, opened, repository)).catch(
    (error: unknown) => {
      throw new Error(`${error}: ${JSON.stringify(command)} ${JSON.stringify(env)}`);
    },
  );
  const isKnown = status === undefined || [0, 1, 128].includes(status);
  if (!isKnown || text.includes('internal server error')) {
    throw new Error(`exit status ${status} and ${JSON.stringify(text.slice(0, 500))} to ${JSON.stringify(command)}`);
  }
  return status;
}

function makeCommand(random: Random): string {
  const sound = random.oneIn(3)
    ? random.pick(SSH_COMMANDS)
    : `${random.pick(VERBS)} ${random.pick(PLACES)}${random.oneIn(5) ? random.pick([' upload', ' download']) : ''}`;
  if (random.oneIn(60)) return sound.repeat(limits.sshCommandMaxBytes / 16);
  return random.oneIn(2) ? sound : mutate(random, Buffer.from(sound), SSH_VOCABULARY).toString('latin1');
}

function makeVersion(random: Random): string {
  const sound = `version=${random.below(3)}`;
  return random.oneIn(3) ? mutate(random, Buffer.from(sound), [':', 'version=']).toString('latin1') : sound;
}

/** Exec; or a shell or a subsystem. */
function open(
  client: Client,
  command: string,
  options: ssh2.ExecOptions = {},
  random?: Random,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('closed'));
    client.once('close', onClose);
    const onOpen = (error: Error | undefined, channel: ClientChannel) => {
      client.off('close', onClose);
      if (error) reject(error);
      else resolve(channel);
    };
    const kind = random?.below(20);
    if (kind === 0) client.shell(false, onOpen);
    else if (kind === 1) client.subsys(command.slice(0, 50), onOpen);
    else client.exec(command, options, onOpen);
  });
}

/** What a client says, whole or in part, before, after or without listening; then it ends its side, leaves, or waits. */
function talk(random: Random, channel: ClientChannel, { model, commits }: GeneratedRepository): void {
  const ids = [...model.objects.keys()];
  const zero = '0'.repeat(40);
  const lines = random.pick([
    [`want ${random.pick(ids)} side-band-64k ofs-delta`, FLUSH, `have ${random.pick(ids)}`, 'done'],
    ['command=ls-refs', FLUSH, FLUSH],
    ['command=fetch', { kind: 'delim' } as const, `want ${random.pick(ids)}`, 'done', FLUSH, FLUSH],
    [`${zero} ${random.pick(ids)} refs/heads/x${random.below(9)}\0report-status`, FLUSH],
    ['argument --format=tar', `argument ${random.pick(['HEAD', 'main'])}`, FLUSH],
    [FLUSH],
  ]);
  const sound = random.oneIn(5)
    ? makePush(random, model, commits)
    : Buffer.concat(lines.map((line) => encodePktLine(line)));
  const bytes = random.oneIn(2) ? sound : mutate(random, sound, ['0000', '0001', 'want ', 'have ', 'done']);
  channel.write(bytes);
  if (random.oneIn(10)) channel.signal(random.pick(['INT', 'KILL', 'TERM']));
  if (random.oneIn(10)) channel.setWindow(random.below(0xffff), 1, 1, 1);
  if (random.oneIn(12)) {
    channel.pause();
    setTimeout(() => channel.resume(), PAUSE_MS);
  }
  if (random.oneIn(6)) channel.close();
  else channel.end();
}

/** Of a commit that is new most of the time, to one of a few branches. */
function makePush(random: Random, model: ObjectModel, commits: readonly string[]): Buffer {
  const blob = model.blob(`Pushed ${random.below(500)}\n`);
  const tree = model.tree([{ mode: '100644', name: 'pushed', id: blob }]);
  const commit = model.commit(tree, [random.pick(commits)], 1_700_200_000 + random.below(500), 'Pushed');
  const capabilities = random.pick(['report-status', 'report-status side-band-64k', 'report-status-v2 atomic quiet']);
  const command = `${model.zeroId} ${commit} refs/heads/over-ssh-${random.below(2_000)}\0${capabilities}`;
  return Buffer.concat([encodePktLine(command), encodePktLine(FLUSH), model.pack([commit, tree, blob])]);
}

async function collect(
  channel: ClientChannel,
  talkTo: (channel: ClientChannel) => void,
): Promise<{ text: string; status: number | undefined }> {
  let text = '';
  let status: number | undefined;
  const note = (chunk: Buffer) => {
    if (text.length < 100_000) text += chunk.toString('latin1');
  };
  channel.on('data', note);
  channel.stderr.on('data', note);
  channel.on('error', () => {});
  channel.on('exit', (code: number) => {
    status = code;
  });
  const closed = once(channel, 'close');
  talkTo(channel);
  const outcome = await Promise.race([closed, sleep(ANSWER_MAX_MS, 'late' as const, { ref: false })]);
  if (outcome === 'late') throw new Error(`no end of a command that said ${JSON.stringify(text.slice(0, 500))}`);
  return { text, status };
}
