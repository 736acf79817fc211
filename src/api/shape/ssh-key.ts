/** SSH keys of a user, as the user and as others see them, and deploy keys of a repository. */
import { z } from 'zod';
import type { DeployKeyRecord, SshKeyRecord } from '#auth/ssh-key-store.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { BaseUrls } from '../hypermedia.ts';
import { timestamp, timestampOrNull, timestampSchema } from '../timestamp.ts';
import { repositoryUrls } from './repository-link.ts';

export const sshKeySchema = z
  .object({
    id: z.number().int(),
    key: z.string(),
    url: z.string(),
    title: z.string(),
    created_at: timestampSchema,
    verified: z.boolean(),
    read_only: z.boolean(),
    last_used: timestampSchema.nullable(),
  })
  .meta({ title: 'Key' });

export const simpleSshKeySchema = z.object({ id: z.number().int(), key: z.string() }).meta({ title: 'Key Simple' });

export const deployKeySchema = sshKeySchema
  .extend({ added_by: z.string().nullable(), enabled: z.boolean() })
  .meta({ title: 'Deploy Key' });

export function sshKeyBody(key: SshKeyRecord, urls: BaseUrls): z.infer<typeof sshKeySchema> {
  return {
    id: key.id,
    key: key.publicKey,
    url: `${urls.api}/user/keys/${key.id}`,
    title: key.title,
    created_at: timestamp(key.createdAt),
    verified: true,
    read_only: false,
    last_used: timestampOrNull(key.lastUsedAt),
  };
}

export function deployKeyBody(
  key: DeployKeyRecord,
  repository: RepositoryRecord,
  urls: BaseUrls,
): z.infer<typeof deployKeySchema> {
  return {
    ...sshKeyBody(key, urls),
    url: `${repositoryUrls(repository, urls).api}/keys/${key.id}`,
    read_only: key.readOnly,
    added_by: null,
    enabled: true,
  };
}
