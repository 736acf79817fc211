/** The first commit of a repository that asks for one: a README, pushed as a pack of three objects through the engine. */
import { hash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { UserPrincipal } from '#auth/principal.ts';
import { FILE_MODE } from '#git/object/file-mode.ts';
import { formatIdentity, type Identity } from '#git/object/identity.ts';
import { hashObject, type ObjectFormat, type ObjectId, objectFormatOf } from '#git/object/object-id.ts';
import { type ObjectType, TYPE_NUMBER } from '#git/object/object-type.ts';
import { encodeTree } from '#git/object/tree.ts';
import { ENTRY_HEADER_MAX_BYTES, writeTypeAndSize } from '#git/pack/entry-header.ts';
import { encodePackHeader } from '#git/pack/pack-format.ts';
import type { PushRequest } from '#repository/repository-engine.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';

interface WholeObject {
  readonly type: ObjectType;
  readonly id: ObjectId;
  readonly body: Uint8Array;
}

/** @returns the push that creates the default branch */
export function initialPush(repository: RepositoryRecord, actor: UserPrincipal, author: Identity): PushRequest {
  const format = objectFormatOf(repository.objectFormat);
  const readme = wholeObject(format, 'blob', Buffer.from(readmeText(repository)));
  const entry = { mode: FILE_MODE.file, nameBytes: Buffer.from('README.md'), id: readme.id };
  const tree = wholeObject(format, 'tree', encodeTree([entry]));
  const commit = wholeObject(format, 'commit', Buffer.from(commitText(tree.id, author)));
  return {
    repositoryId: repository.id,
    actorId: actor.userId,
    commands: [{ name: repository.headTarget, oldId: format.zeroId, newId: commit.id }],
    settings: repository.gitSettings,
    shallowIds: [],
    atomic: true,
    pushOptions: [],
    pack: once(encodePack(format, [commit, tree, readme])),
    signal: new AbortController().signal,
    onPackConsumed: () => {},
    onProgress: () => {},
  };
}

function readmeText({ name, description }: RepositoryRecord): string {
  return `# ${name}\n${description ? `\n${description}\n` : ''}`;
}

function commitText(treeId: ObjectId, author: Identity): string {
  const person = formatIdentity(author);
  return `tree ${treeId}\nauthor ${person}\ncommitter ${person}\n\nInitial commit\n`;
}

function wholeObject(format: ObjectFormat, type: ObjectType, body: Uint8Array): WholeObject {
  return { type, id: hashObject(format, type, body), body };
}

/** gitformat-pack(5): header, entries without deltas, and the hash of all before it. */
function encodePack(format: ObjectFormat, objects: readonly WholeObject[]): Uint8Array {
  const parts: Uint8Array[] = [encodePackHeader(objects.length)];
  for (const { type, body } of objects) {
    const header = new Uint8Array(ENTRY_HEADER_MAX_BYTES);
    const headerEnd = writeTypeAndSize(header, 0, TYPE_NUMBER[type], body.byteLength);
    parts.push(header.subarray(0, headerEnd), deflateSync(body));
  }
  const content = Buffer.concat(parts);
  return Buffer.concat([content, hash(format.name, content, 'buffer')]);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
