/** The operations of the API, in the order of the OpenAPI document. */
import { getPush, listActivities } from './resource/activity.ts';
import {
  createAuthorization,
  createOrganization,
  createUser,
  deleteAuthorizations,
  reinstateUser,
  suspendUser,
} from './resource/admin.ts';
import { downloadTarball, downloadZipball } from './resource/archive.ts';
import { getBranch, listBranches, listTags } from './resource/branch.ts';
import { getCommitWithFiles, listCommits } from './resource/commit.ts';
import { getContent, getReadme } from './resource/content.ts';
import { getBlob, getCommit, getTag, getTree } from './resource/git-object.ts';
import { createRef, deleteRef, getRef, listMatchingRefs, updateRef } from './resource/git-ref.ts';
import { getGitSettings, updateGitSettings } from './resource/git-setting.ts';
import { getMeta, getOpenApiDocument, getRateLimit, getRoot } from './resource/meta.ts';
import { getOrganization } from './resource/organization.ts';
import {
  createOrganizationRepository,
  createOwnRepository,
  deleteRepository,
  getRepository,
  getRepositoryById,
  updateRepository,
} from './resource/repository.ts';
import { listOrganizationRepositories, listOwnRepositories, listUserRepositories } from './resource/repository-list.ts';
import {
  createDeployKey,
  createOwnKey,
  deleteDeployKey,
  deleteOwnKey,
  getDeployKey,
  getOwnKey,
  listDeployKeys,
  listOwnKeys,
  listUserKeys,
} from './resource/ssh-key.ts';
import { getAuthenticatedUser, getUser, listOwnOrganizations } from './resource/user.ts';
import type { AnyRoute } from './route.ts';

export const ROUTES: readonly AnyRoute[] = [
  getRoot,
  getMeta,
  getRateLimit,
  getOpenApiDocument(() => ROUTES),
  getAuthenticatedUser,
  getUser,
  listOwnOrganizations,
  getOrganization,
  listOwnRepositories,
  listUserRepositories,
  listOrganizationRepositories,
  createOwnRepository,
  createOrganizationRepository,
  getRepository,
  getRepositoryById,
  updateRepository,
  deleteRepository,
  listActivities,
  getPush,
  getGitSettings,
  updateGitSettings,
  listBranches,
  getBranch,
  listTags,
  listCommits,
  getCommitWithFiles,
  getRef,
  listMatchingRefs,
  createRef,
  updateRef,
  deleteRef,
  getCommit,
  getTree,
  getBlob,
  getTag,
  downloadTarball,
  downloadZipball,
  getContent,
  getReadme,
  listOwnKeys,
  createOwnKey,
  getOwnKey,
  deleteOwnKey,
  listUserKeys,
  listDeployKeys,
  createDeployKey,
  getDeployKey,
  deleteDeployKey,
  createUser,
  suspendUser,
  reinstateUser,
  createAuthorization,
  deleteAuthorizations,
  createOrganization,
];
