/** `POST objects/batch`: for each object, where its bytes are to be had or to be put — git-lfs, docs/api/batch.md. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { LfsOperation } from '#auth/lfs-token.ts';
import type { Principal } from '#auth/principal.ts';
import type { LfsObject } from '#lfs/lfs-object-rows.ts';
import type { UploadGrant } from '#lfs/lfs-objects.ts';
import { isOid, type LfsPointer } from '#lfs/lfs-pointer.ts';
import { limits } from '#limits.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { CreatableRepository, GitAccess, RepositoryAddress } from '../git/git-access.ts';
import { HttpRefusal } from '../http/http-refusal.ts';
import { authenticateLfs, authorizeLfs } from './lfs-access.ts';
import type { LfsExchange } from './lfs-exchange.ts';
import { refSchema } from './lfs-schema.ts';

const batchSchema = z.object({
  operation: z.enum(['download', 'upload']),
  transfers: z.array(z.string()).nullish(),
  ref: refSchema.nullish(),
  hash_algo: z.string().nullish(),
  objects: z.array(z.object({ oid: z.string(), size: z.number() })),
});

type BatchRequest = z.infer<typeof batchSchema>;
type RequestedObject = BatchRequest['objects'][number];

interface Action {
  readonly href: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly expires_in: number;
}

interface BatchObject {
  readonly oid: string;
  readonly size: number;
  /** That the client need not look for credentials of its own: the store refuses a request that proves itself twice. */
  readonly authenticated?: true;
  /** Absent: the server has what the client offers. */
  readonly actions?: Readonly<Partial<Record<'download' | 'upload' | 'verify', Action>>>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** What actions are made of, the same for all objects of a request. */
interface ActionMaker {
  /** `…/info/lfs` */
  readonly baseUrl: string;
  readonly header: Readonly<Record<string, string>>;
}

/** Less than addresses and tokens hold, for the time that the answer takes. */
const EXPIRES_IN_SECONDS = Math.floor(Math.min(limits.lfsAddressLifetimeMs, limits.lfsTokenLifetimeMs) / 1_000) - 60;
/** A signature takes the better part of a millisecond: after so many, others have their turn. */
const SIGNATURES_AT_ONCE = 8;

export async function answerBatch(exchange: LfsExchange, address: RepositoryAddress): Promise<void> {
  const client = await authenticateLfs(exchange, address);
  const batch = await exchange.readJson(batchSchema);
  const access = await authorizeLfs(exchange, address, client, batch.operation === 'upload' ? 'write' : 'read');
  requireReasonable(batch);
  const objects =
    (batch.hash_algo ?? 'sha256') === 'sha256'
      ? await decideObjects(exchange, access, batch)
      : batch.objects.map((object) => fault(object, 409, `Objects are named by sha256, not by ${batch.hash_algo}.`));
  exchange.answerJson(200, { transfer: 'basic', objects, hash_algo: 'sha256' });
}

/** @throws {HttpRefusal} */
function requireReasonable({ objects, transfers }: BatchRequest): void {
  if (objects.length > limits.lfsBatchObjectsMax) {
    throw new HttpRefusal(413, `A batch has at most ${limits.lfsBatchObjectsMax} objects.`);
  }
  if (transfers?.length && !transfers.includes('basic')) {
    throw new HttpRefusal(422, 'The one transfer that is offered here is "basic".');
  }
}

async function decideObjects(exchange: LfsExchange, access: GitAccess, batch: BatchRequest): Promise<BatchObject[]> {
  // Each once, however often it is named; but of several sizes that it is said to have, each gets an answer.
  const valid = new Map<string, LfsPointer>();
  for (const object of batch.objects) if (findFault(object) === undefined) valid.set(nameOf(object), toPointer(object));
  const decided = await decideValid(exchange, access, batch.operation, valid);
  return batch.objects.map((object) => findFault(object) ?? decided.get(nameOf(object)) ?? missing(object));
}

async function decideValid(
  exchange: LfsExchange,
  access: GitAccess,
  operation: LfsOperation,
  valid: ReadonlyMap<string, LfsPointer>,
): Promise<ReadonlyMap<string, BatchObject>> {
  if (valid.size === 0) return new Map();
  const pointers = [...valid.values()];
  const repository = access.kind === 'existing' ? access.repository : await createRepository(exchange, access);
  const maker = await makeActions(exchange, access.principal, repository, operation);
  const decided =
    operation === 'upload'
      ? await decideUploads(exchange, repository, pointers, maker)
      : await decideDownloads(exchange, repository, pointers, maker);
  return new Map([...valid.keys()].map((name, index) => [name, decided[index] as BatchObject]));
}

/** A client uploads its objects before it pushes the commits that need them: the repository is made now, private like by a push. */
async function createRepository(exchange: LfsExchange, access: CreatableRepository): Promise<RepositoryRecord> {
  const { principal, ownerId, name } = access;
  const outcome = await exchange.services.catalog.create(principal, { ownerId, name, visibility: 'private' });
  if (outcome.kind === 'created') return outcome.repository;
  throw new HttpRefusal(409, `The repository "${name}" was created just now. Try again.`);
}

async function makeActions(
  { services }: LfsExchange,
  principal: Principal,
  repository: RepositoryRecord,
  operation: LfsOperation,
): Promise<ActionMaker> {
  const baseUrl = new URL(`/${repository.ownerLogin}/${repository.name}.git/info/lfs`, services.site.publicUrl).href;
  if (principal.kind === 'anonymous') return { baseUrl, header: {} };
  const { authorization } = await services.lfsTokens.issue({ principal, repositoryId: repository.id, operation });
  return { baseUrl, header: { Authorization: authorization } };
}

async function decideDownloads(
  { services }: LfsExchange,
  repository: RepositoryRecord,
  pointers: readonly LfsPointer[],
  maker: ActionMaker,
): Promise<BatchObject[]> {
  const found = await services.lfsObjects.findMany(
    repository.id,
    pointers.map(({ oid }) => oid),
  );
  return inSlices(pointers, async ({ oid, sizeBytes }) => {
    const object = found.get(oid);
    if (object === undefined) return missing({ oid, size: sizeBytes });
    return download(object, await services.lfsObjects.downloadAddress(object), maker);
  });
}

function download({ oid, sizeBytes }: LfsObject, address: URL | undefined, maker: ActionMaker): BatchObject {
  const action = address === undefined ? ownAction(maker, `/objects/${oid}`) : storeAction(address);
  return { oid, size: sizeBytes, authenticated: true, actions: { download: action } };
}

async function decideUploads(
  { services }: LfsExchange,
  repository: RepositoryRecord,
  pointers: readonly LfsPointer[],
  maker: ActionMaker,
): Promise<BatchObject[]> {
  const decided: BatchObject[] = [];
  for (let start = 0; start < pointers.length; start += SIGNATURES_AT_ONCE) {
    const slice = pointers.slice(start, start + SIGNATURES_AT_ONCE);
    const grants = await services.lfsObjects.grantUploads(repository.id, slice);
    decided.push(...slice.map((pointer, index) => upload(pointer, grants[index], maker)));
    await nextTurn();
  }
  return decided;
}

function upload({ oid, sizeBytes: size }: LfsPointer, grant: UploadGrant | undefined, maker: ActionMaker): BatchObject {
  switch (grant?.kind) {
    case undefined:
    case 'present':
      return { oid, size };
    case 'size-differs':
      return fault({ oid, size }, 422, 'The object is here and has another size.');
    case 'too-large':
      return fault({ oid, size }, 413, `An object has at most ${limits.lfsObjectMaxBytes} bytes.`);
    case 'streamed':
      return { oid, size, authenticated: true, actions: { upload: ownAction(maker, `/objects/${oid}`) } };
    case 'direct': {
      const { url, headers } = grant.upload;
      const actions = { upload: { ...storeAction(url), header: headers }, verify: ownAction(maker, '/verify') };
      return { oid, size, authenticated: true, actions };
    }
  }
}

function ownAction({ baseUrl, header }: ActionMaker, path: string): Action {
  return { href: baseUrl + path, header, expires_in: EXPIRES_IN_SECONDS };
}

function storeAction(url: URL): Action {
  return { href: url.href, expires_in: EXPIRES_IN_SECONDS };
}

function findFault(object: RequestedObject): BatchObject | undefined {
  if (!isOid(object.oid)) return fault(object, 422, 'An oid is 64 lower-case hexadecimal digits.');
  if (Number.isSafeInteger(object.size) && object.size >= 0) return undefined;
  return fault(object, 422, 'A size is a whole number of bytes, zero or more.');
}

function nameOf({ oid, size }: RequestedObject): string {
  return `${oid} ${size}`;
}

function toPointer({ oid, size }: RequestedObject): LfsPointer {
  return { oid, sizeBytes: size };
}

/** Nothing tells what other repositories have from what nobody has. */
function missing(object: RequestedObject): BatchObject {
  return fault(object, 404, 'The object does not exist in this repository.');
}

function fault({ oid, size }: RequestedObject, code: number, message: string): BatchObject {
  return { oid, size, error: { code, message } };
}

async function inSlices<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (let start = 0; start < items.length; start += SIGNATURES_AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + SIGNATURES_AT_ONCE).map(work))));
    await nextTurn();
  }
  return results;
}
