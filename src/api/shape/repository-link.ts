/** The addresses that a repository's answer links to, many of them RFC 6570 templates. */
import { z } from 'zod';
import { sshUrl } from '#git/protocol/ssh-url.ts';
import { type BaseUrls, encodePath } from '../hypermedia.ts';

/** Below the repository's own address. */
const API_LINKS = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
} as const;

type ApiLink = keyof typeof API_LINKS;
const API_LINK_NAMES = Object.keys(API_LINKS) as ApiLink[];

const apiLinksShape = Object.fromEntries(API_LINK_NAMES.map((name) => [name, z.string()])) as Record<
  ApiLink,
  z.ZodString
>;

export const repositoryLinksSchema = z.object({
  url: z.string(),
  html_url: z.string(),
  clone_url: z.string(),
  git_url: z.string(),
  ssh_url: z.string(),
  svn_url: z.string(),
  ...apiLinksShape,
});

/** What it takes to link into a repository. */
export interface RepositoryNames {
  readonly id: number;
  readonly ownerLogin: string;
  readonly name: string;
}

/** Where a repository is, in the API and among the pages. */
export function repositoryUrls(repository: RepositoryNames, urls: BaseUrls): Pick<BaseUrls, 'api' | 'web'> {
  const path = `${encodePath(repository.ownerLogin)}/${encodePath(repository.name)}`;
  return { api: `${urls.api}/repos/${path}`, web: `${urls.web}/${path}` };
}

export function repositoryLinks(repository: RepositoryNames, urls: BaseUrls): z.infer<typeof repositoryLinksSchema> {
  const { api: url, web: page } = repositoryUrls(repository, urls);
  const path = `${encodePath(repository.ownerLogin)}/${encodePath(repository.name)}`;
  const { host } = new URL(urls.web);
  const links = Object.fromEntries(API_LINK_NAMES.map((name) => [name, url + API_LINKS[name]]));
  return {
    ...(links as Record<ApiLink, string>),
    url,
    html_url: page,
    clone_url: `${page}.git`,
    git_url: `git://${host}/${path}.git`,
    ssh_url: sshUrl(urls.ssh.hostname, urls.ssh.port, path),
    svn_url: page,
  };
}
