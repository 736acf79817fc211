/**
 * `git-lfs-authenticate`: over SSH one learns where the files are, and gets a token for HTTP —
 * git-lfs/git-lfs:docs/api/server-discovery.md, "SSH".
 */
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { CommandRun } from './command-run.ts';

export async function answerLfsAuthenticate(
  run: Pick<CommandRun, 'services' | 'principal' | 'stream'>,
  repository: RepositoryRecord,
  operation: 'upload' | 'download',
): Promise<void> {
  const { services, principal, stream } = run;
  const issued = await services.lfsTokens.issue({ principal, repositoryId: repository.id, operation });
  const answer = {
    href: `${services.site.publicUrl.origin}/${repository.ownerLogin}/${repository.name}.git/info/lfs`,
    header: { Authorization: issued.authorization },
    expires_in: issued.expiresInSeconds,
  };
  await stream.write(Buffer.from(`${JSON.stringify(answer)}\n`));
}
