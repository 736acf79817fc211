/** Who wrote a commit or tag and when, and whether its signature was verified. */
import { z } from 'zod';
import type { Identity } from '#git/object/identity.ts';
import { timestampOfSeconds, timestampSchema } from '../timestamp.ts';

export const identitySchema = z.object({ name: z.string(), email: z.string(), date: timestampSchema });

export function identityBody(identity: Identity): z.infer<typeof identitySchema> {
  return { name: identity.name, email: identity.email, date: timestampOfSeconds(identity.dateSeconds) };
}

export const verificationSchema = z.object({
  verified: z.boolean(),
  reason: z.string(),
  signature: z.string().nullable(),
  payload: z.string().nullable(),
  verified_at: timestampSchema.nullable(),
});

/** Signatures are shown, not checked: no keys are known to check them by. */
export function verificationBody(signature: string | undefined): z.infer<typeof verificationSchema> {
  return {
    verified: false,
    reason: signature === undefined ? 'unsigned' : 'unknown_key',
    signature: signature ?? null,
    payload: null,
    verified_at: null,
  };
}
