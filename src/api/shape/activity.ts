/** What was pushed, and what its author signed. */
import { z } from 'zod';
import { type ArmoredSignatureCheck, checkArmoredSignature } from '#auth/ssh-armored-signature.ts';
import { splitCertificate } from '#git/protocol/push-certificate.ts';
import { BRANCH_PREFIX } from '#git/refs/ref-name.ts';
import type { PushedBy, PushLogLine, RecordedPush } from '#repository/push-log.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { BaseUrls } from '../hypermedia.ts';
import { encodeNodeId } from '../node-id.ts';
import { timestamp, timestampSchema } from '../timestamp.ts';
import { repositoryUrls } from './repository-link.ts';
import { verificationSchema } from './signature.ts';
import { type SimpleUser, simpleUser, simpleUserSchema } from './simple-user.ts';

const nonceStatusSchema = z.enum(['OK', 'SLOP', 'BAD', 'MISSING', 'UNSOLICITED']);

export const activitySchema = z
  .object({
    id: z.string(),
    node_id: z.string(),
    before: z.string(),
    after: z.string(),
    ref: z.string(),
    timestamp: timestampSchema,
    activity_type: z.enum(['push', 'branch_creation', 'branch_deletion', 'ref_creation', 'ref_deletion']),
    actor: simpleUserSchema.nullable(),
    push: z.object({
      id: z.string(),
      url: z.string(),
      nonce_status: nonceStatusSchema.nullable().describe('Null where the push was not signed.'),
    }),
  })
  .meta({ title: 'Activity' });

export const pushSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    timestamp: timestampSchema,
    actor: simpleUserSchema.nullable(),
    updates: z.array(z.object({ ref: z.string(), before: z.string(), after: z.string() })),
    certificate: z
      .object({
        nonce_status: nonceStatusSchema,
        key_fingerprint: z.string().nullable().describe('Of the SSH key that signed it.'),
        verification: verificationSchema,
      })
      .nullable(),
  })
  .meta({ title: 'Push' });

export function activityBody(
  line: PushLogLine,
  repository: RepositoryRecord,
  urls: BaseUrls,
): z.infer<typeof activitySchema> {
  const { pushId, index, name, oldId, newId, nonceStatus } = line;
  const id = `${pushId}.${index}`;
  return {
    id,
    node_id: encodeNodeId('Activity', repository.id, id),
    before: oldId,
    after: newId,
    ref: name,
    timestamp: timestamp(line.pushedAt),
    activity_type: activityType(line),
    actor: actorBody(line, urls),
    push: { id: pushId, url: pushUrl(pushId, repository, urls), nonce_status: nonceStatus ?? null },
  };
}

export type ActivityType = z.infer<typeof activitySchema>['activity_type'];

/** Whether a branch was forced is not known later: what it named before may be gone. */
export function activityType({ name, oldId, newId }: Pick<PushLogLine, 'name' | 'oldId' | 'newId'>): ActivityType {
  const kind = name.startsWith(BRANCH_PREFIX) ? 'branch' : 'ref';
  if (/^0+$/.test(oldId)) return `${kind}_creation`;
  return /^0+$/.test(newId) ? `${kind}_deletion` : 'push';
}

/** @param isKeyOfActor whether the one who pushed has the key with a fingerprint */
export async function pushBody(
  push: RecordedPush,
  repository: RepositoryRecord,
  urls: BaseUrls,
  isKeyOfActor: (fingerprint: string) => Promise<boolean>,
): Promise<z.infer<typeof pushSchema>> {
  return {
    id: push.pushId,
    url: pushUrl(push.pushId, repository, urls),
    timestamp: timestamp(push.pushedAt),
    actor: actorBody(push, urls),
    updates: push.updates.map((update) => ({ ref: update.name, before: update.old, after: update.new })),
    certificate: await certificateBody(push, isKeyOfActor),
  };
}

function pushUrl(pushId: string, repository: RepositoryRecord, urls: BaseUrls): string {
  return `${repositoryUrls(repository, urls).api}/pushes/${pushId}`;
}

function actorBody({ actor }: PushedBy, urls: BaseUrls): SimpleUser | null {
  return actor ? simpleUser({ ...actor, kind: 'user' }, urls) : null;
}

async function certificateBody(
  { certificate, nonceStatus }: RecordedPush,
  isKeyOfActor: (fingerprint: string) => Promise<boolean>,
): Promise<z.infer<typeof pushSchema>['certificate']> {
  if (certificate === undefined || nonceStatus === undefined) return null;
  const { payload, signature } = splitCertificate(certificate);
  const text = Buffer.from(signature).toString();
  const check = checkArmoredSignature(text, payload, CERTIFICATE_NAMESPACE);
  const reason = await verificationReason(text, check, isKeyOfActor);
  return {
    nonce_status: nonceStatus,
    key_fingerprint: check.kind === 'unreadable' ? null : check.fingerprint,
    verification: {
      verified: reason === 'valid',
      reason,
      signature: text || null,
      payload: Buffer.from(payload).toString(),
      verified_at: null,
    },
  };
}

/** What git signs for, whatever it signs — git-config(1), `gpg.format`. */
const CERTIFICATE_NAMESPACE = 'git';

/** In GitHub's words for signatures of commits. Of OpenPGP and X.509 no keys are known here. */
async function verificationReason(
  signature: string,
  check: ArmoredSignatureCheck,
  isKeyOfActor: (fingerprint: string) => Promise<boolean>,
): Promise<'valid' | 'unsigned' | 'invalid' | 'unknown_key' | 'malformed_signature'> {
  if (signature === '') return 'unsigned';
  if (!signature.startsWith('-----BEGIN SSH SIGNATURE-----')) return 'unknown_key';
  if (check.kind === 'unreadable') return 'malformed_signature';
  if (check.kind === 'bad') return 'invalid';
  return (await isKeyOfActor(check.fingerprint)) ? 'valid' : 'unknown_key';
}
