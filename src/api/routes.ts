/** The operations of the API, in the order of the OpenAPI document. */
import { getBranch, listBranches, listTags } from './resource/branch.ts';
import { getContent, getReadme } from './resource/content.ts';
import { getBlob, getCommit, getTag, getTree } from './resource/git-object.ts';
import { createRef, deleteRef, getRef, listMatchingRefs, updateRef } from './resource/git-ref.ts';
import { getMeta, getOpenApiDocument, getRateLimit, getRoot } from './resource/meta.ts';
import type { AnyRoute } from './route.ts';

export const ROUTES: readonly AnyRoute[] = [
  getRoot,
  getMeta,
  getRateLimit,
  getOpenApiDocument(() => ROUTES),
  listBranches,
  getBranch,
  listTags,
  getRef,
  listMatchingRefs,
  createRef,
  updateRef,
  deleteRef,
  getCommit,
  getTree,
  getBlob,
  getTag,
  getContent,
  getReadme,
];
