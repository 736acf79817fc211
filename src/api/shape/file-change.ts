/** What a commit did to one file. */
import { z } from 'zod';

export const fileChangeSchema = z
  .object({
    sha: z.string().nullable(),
    filename: z.string(),
    status: z.enum(['added', 'removed', 'modified', 'renamed', 'copied', 'changed', 'unchanged']),
    additions: z.number().int(),
    deletions: z.number().int(),
    changes: z.number().int(),
    blob_url: z.string().nullable(),
    raw_url: z.string().nullable(),
    contents_url: z.string(),
    patch: z.string().optional().describe('Absent for binary and for very large files.'),
    previous_filename: z.string().optional(),
  })
  .meta({ title: 'Diff Entry' });

export type FileChangeBody = z.infer<typeof fileChangeSchema>;
