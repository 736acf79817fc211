/** Addresses of a repository's pages: GitHub's layout. */
import { sshUrl } from '#git/protocol/ssh-url.ts';
import { encodePath } from '../repository-path.ts';

export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

export type RepositoryView = 'tree' | 'blob' | 'raw' | 'commits';

export function repositoryUrl({ owner, name }: RepositoryName): string {
  return `/${encodePath(owner)}/${encodePath(name)}`;
}

/** @param revision a branch, a tag or a commit id @param path empty for the root */
export function viewUrl(repository: RepositoryName, view: RepositoryView, revision: string, path = ''): string {
  const root = `${repositoryUrl(repository)}/${view}/${encodePath(revision)}`;
  return path === '' ? root : `${root}/${encodePath(path)}`;
}

export function commitUrl(repository: RepositoryName, commitId: string): string {
  return `${repositoryUrl(repository)}/commit/${commitId}`;
}

export function cloneUrl(repository: RepositoryName, publicUrl: URL): string {
  return `${publicUrl.origin}${repositoryUrl(repository)}.git`;
}

/** @returns undefined where git over SSH is off */
export function sshCloneUrl(
  repository: RepositoryName,
  site: { readonly publicUrl: URL; readonly sshPort: number | undefined },
): string | undefined {
  const path = repositoryUrl(repository).slice(1);
  return site.sshPort === undefined ? undefined : sshUrl(site.publicUrl.hostname, site.sshPort, path);
}
