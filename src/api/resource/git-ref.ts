/** Refs: read one or all with a prefix, create, move and delete. Writes are pushes without a pack, so every rule of a push holds. */
import { z } from 'zod';
import type { ObjectType } from '#git/object/object-type.ts';
import type { Ref } from '#git/ref-store.ts';
import { isAncestor } from '#git/walk/ancestry.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { ApiError, notFound } from '../error.ts';
import { moveRef } from '../ref-write.ts';
import { openSnapshot, repositoryAccess, repositoryParams, requireHistory } from '../repository-access.ts';
import { defineRoute, empty, json } from '../route.ts';
import { gitRefBody, gitRefSchema } from '../shape/git-object.ts';

const RESOURCE = 'Reference';
const refParams = z.object({ ...repositoryParams, ref: z.string().describe('`heads/<branch>` or `tags/<tag>`.') });
const shaSchema = z
  .string()
  .regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/i, 'is no object id')
  .transform((sha) => sha.toLowerCase());

export const getRef = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/git/ref/{ref+}',
  operationId: 'git/get-ref',
  summary: 'Get a reference',
  resource: RESOURCE,
  params: refParams,
  query: z.object({}),
  body: null,
  status: 200,
  response: gitRefSchema,
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const snapshot = await openSnapshot(call);
    requireHistory(snapshot);
    const ref = snapshot.refs.find(`refs/${call.params.ref}`);
    if (!ref) throw notFound();
    return json(gitRefBody(await typed(ref, snapshot), { repository: call.target, urls: call.urls }));
  },
});

export const listMatchingRefs = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/git/matching-refs/{ref*}',
  operationId: 'git/list-matching-refs',
  summary: 'List references that begin with a prefix',
  resource: RESOURCE,
  params: refParams,
  query: z.object({}),
  body: null,
  status: 200,
  response: z.array(gitRefSchema),
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const snapshot = await openSnapshot(call);
    requireHistory(snapshot);
    const matching = snapshot.refs.refs.filter((ref) => ref.name.startsWith(`refs/${call.params.ref}`));
    const refs = await Promise.all(matching.map((ref) => typed(ref, snapshot)));
    return json(refs.map((ref) => gitRefBody(ref, { repository: call.target, urls: call.urls })));
  },
});

export const createRef = defineRoute({
  method: 'POST',
  path: '/repos/{owner}/{repo}/git/refs',
  operationId: 'git/create-ref',
  summary: 'Create a reference',
  resource: RESOURCE,
  params: z.object(repositoryParams),
  query: z.object({}),
  body: z.object({ ref: z.string(), sha: shaSchema }),
  status: 201,
  response: gitRefSchema,
  permission: repositoryAccess('repository:write'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const { ref, sha } = call.body;
    if (!/^refs\/.+\/.+/.test(ref)) {
      throw new ApiError(422, "Reference name must start with 'refs/' and contain at least two slashes.");
    }
    const snapshot = await openSnapshot(call);
    if (snapshot.refs.find(ref)) throw new ApiError(422, 'Reference already exists');
    const type = await requireObject(snapshot, sha);
    await moveRef(call, { name: ref, oldId: snapshot.objects.format.zeroId, newId: sha });
    const context = { repository: call.target, urls: call.urls };
    const body = gitRefBody({ name: ref, target: sha, type }, context);
    return json(body, { headers: { Location: body.url } });
  },
});

export const updateRef = defineRoute({
  method: 'PATCH',
  path: '/repos/{owner}/{repo}/git/refs/{ref+}',
  operationId: 'git/update-ref',
  summary: 'Move a reference',
  resource: RESOURCE,
  params: refParams,
  query: z.object({}),
  body: z.object({ sha: shaSchema, force: z.boolean().default(false) }),
  status: 200,
  response: gitRefSchema,
  permission: repositoryAccess('repository:write'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const { sha, force } = call.body;
    const snapshot = await openSnapshot(call);
    const ref = requireRef(snapshot, call.params.ref);
    const type = await requireObject(snapshot, sha);
    if (!force) await requireFastForward(snapshot, ref, sha);
    await moveRef(call, { name: ref.name, oldId: ref.target, newId: sha });
    return json(gitRefBody({ name: ref.name, target: sha, type }, { repository: call.target, urls: call.urls }));
  },
});

export const deleteRef = defineRoute({
  method: 'DELETE',
  path: '/repos/{owner}/{repo}/git/refs/{ref+}',
  operationId: 'git/delete-ref',
  summary: 'Delete a reference',
  resource: RESOURCE,
  params: refParams,
  query: z.object({}),
  body: null,
  status: 204,
  response: z.undefined(),
  permission: repositoryAccess('repository:write'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const snapshot = await openSnapshot(call);
    const ref = requireRef(snapshot, call.params.ref);
    await moveRef(call, { name: ref.name, oldId: ref.target, newId: snapshot.objects.format.zeroId });
    return empty();
  },
});

function requireRef(snapshot: RepositorySnapshot, shortName: string): Ref {
  const ref = snapshot.refs.find(`refs/${shortName}`);
  if (!ref) throw new ApiError(422, 'Reference does not exist');
  return ref;
}

async function requireObject(snapshot: RepositorySnapshot, id: string): Promise<ObjectType> {
  const header = id.length === snapshot.objects.format.hexDigits ? await snapshot.objects.header(id) : undefined;
  if (!header) throw new ApiError(422, 'Object does not exist');
  return header.type;
}

async function requireFastForward(snapshot: RepositorySnapshot, ref: Ref, newId: string): Promise<void> {
  const graph = await snapshot.objects.commitGraph();
  const isForward = isAncestor(graph, graph.positionOf(ref.target), graph.positionOf(newId));
  if (!isForward) throw new ApiError(422, 'Update is not a fast forward');
}

async function typed(ref: Ref, snapshot: RepositorySnapshot): Promise<Ref & { type: ObjectType }> {
  if (ref.peeled) return { ...ref, type: 'tag' };
  const header = await snapshot.objects.header(ref.target);
  return { ...ref, type: header?.type ?? 'commit' };
}
