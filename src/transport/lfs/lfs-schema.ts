/** What several requests of the LFS API have in common. */
import { z } from 'zod';

/** The ref that a client is about to push. Rights here are the same for all refs, so it is read and not used. */
export const refSchema = z.object({ name: z.string().nullish() });
