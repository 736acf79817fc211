/**
 * Which git service an address names. The raw address is read here, before anything decodes or normalises it: a path that
 * means another one after decoding must not reach another repository.
 */
import type { RepositoryAddress } from '../git/git-access.ts';

export type GitService = 'git-upload-pack' | 'git-receive-pack' | 'git-upload-archive';

export interface GitPath extends RepositoryAddress {
  readonly resource: GitResource;
}

export type GitResource =
  | { readonly kind: 'info-refs' /** As the query names it. */; readonly service: string | undefined }
  | { readonly kind: 'rpc'; readonly service: GitService }
  /** A file of the "dumb" protocol, which we do not speak. */
  | { readonly kind: 'file' };

/** What `http-backend.c` serves a resource by ("services"). */
export const METHODS_OF: Readonly<Record<GitResource['kind'], readonly string[]>> = {
  'info-refs': ['GET', 'HEAD'],
  rpc: ['POST'],
  file: ['GET', 'HEAD'],
};

/** `/owner/repository` and what follows: the resources that `http-backend.c` lists. */
const GIT_ADDRESS =
  /^\/(?<owner>[^/]+)\/(?<repository>[^/]+)\/(?<resource>info\/refs|git-upload-pack|git-receive-pack|git-upload-archive|HEAD|objects\/(?:info\/(?:alternates|http-alternates|packs)|[0-9a-f]{2}\/[0-9a-f]+|pack\/pack-[0-9a-f]+\.(?:pack|idx)))$/;

/** @param rawUrl path and query as they were sent @returns undefined when it names no resource of git */
export function parseGitPath(rawUrl: string): GitPath | undefined {
  const [path, query] = splitQuery(rawUrl);
  const { owner, repository, resource } = GIT_ADDRESS.exec(path)?.groups ?? {};
  const address = decodeRepositoryAddress(owner, repository);
  return address && resource ? { ...address, resource: toResource(resource, query) } : undefined;
}

/** @returns undefined when it is no address of git */
export function gitMethodsAt(rawUrl: string): readonly string[] | undefined {
  const path = parseGitPath(rawUrl);
  return path && METHODS_OF[path.resource.kind];
}

/** The first two segments of a path. @returns undefined when they cannot be names */
export function decodeRepositoryAddress(
  owner: string | undefined,
  repository: string | undefined,
): RepositoryAddress | undefined {
  const ownerLogin = decodeName(owner);
  const repositoryName = decodeName(repository)?.replace(/\.git$/, '');
  return ownerLogin && repositoryName ? { ownerLogin, repositoryName } : undefined;
}

function toResource(resource: string, query: string): GitResource {
  switch (resource) {
    case 'info/refs':
      // Of several the last one counts, as in `http-backend.c`.
      return { kind: 'info-refs', service: new URLSearchParams(query).getAll('service').at(-1) };
    case 'git-upload-pack':
    case 'git-receive-pack':
    case 'git-upload-archive':
      return { kind: 'rpc', service: resource };
    default:
      return { kind: 'file' };
  }
}

function splitQuery(url: string): [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** Decodes once, and takes what can be a name: nothing that steers a path, such as `..` or `%2f`, however it is written. */
function decodeName(segment: string | undefined): string | undefined {
  if (segment === undefined) return undefined;
  let name: string;
  try {
    name = decodeURIComponent(segment);
  } catch {
    return undefined;
  }
  return /^[A-Za-z0-9._-]+$/.test(name) && !/^\.+$/.test(name) ? name : undefined;
}
