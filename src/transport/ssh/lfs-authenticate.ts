/**
 * `git-lfs-authenticate`: over SSH one learns where the files are, and gets a token for HTTP —
 * git-lfs/git-lfs:docs/api/server-discovery.md, "SSH".
 */
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { CommandStream } from './command-stream.ts';
import type { SshPrincipal } from './proven-key.ts';
import type { SshServices } from './ssh-services.ts';

interface LfsAuthentication {
  readonly services: SshServices;
  readonly principal: SshPrincipal;
  readonly stream: CommandStream;
}

export async function answerLfsAuthenticate(
  { services, principal, stream }: LfsAuthentication,
  repository: RepositoryRecord,
  operation: 'upload' | 'download',
): Promise<void> {
  const issued = await services.lfsTokens.issue({ principal, repositoryId: repository.id, operation });
  const answer = {
    href: `${services.site.publicUrl.origin}/${repository.ownerLogin}/${repository.name}.git/info/lfs`,
    header: { Authorization: issued.authorization },
    expires_in: issued.expiresInSeconds,
  };
  await stream.write(Buffer.from(`${JSON.stringify(answer)}\n`));
}
