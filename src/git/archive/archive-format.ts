/** The formats of archives, and an archive in one of them — git-archive(1), "--format". */
import { createGzip } from 'node:zlib';
import { archiveEntries } from './archive-entries.ts';
import type { ArchiveEntry, ArchiveRequest } from './archive-request.ts';
import { COMPRESSED_CHUNK_BYTES, through } from './compress.ts';
import { writeTar } from './tar-writer.ts';
import { writeZip } from './zip-writer.ts';

/** In the order in which git lists them. */
export const ARCHIVE_FORMATS = ['tar', 'tgz', 'tar.gz', 'zip'] as const;

export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number];

export function parseArchiveFormat(name: string): ArchiveFormat | undefined {
  return ARCHIVE_FORMATS.find((format) => format === name);
}

/**
 * Makes the archive while it is read.
 *
 * @param level of compression, 0 to 9; undefined is zlib's own choice
 */
export function writeArchive(
  request: ArchiveRequest,
  format: ArchiveFormat,
  level?: number,
): AsyncIterable<Uint8Array> {
  const entries = announced(archiveEntries(request), request.onEntry);
  switch (format) {
    case 'tar':
      return writeTar(entries, request);
    case 'tgz':
    case 'tar.gz':
      return through(
        writeTar(entries, request),
        createGzip({ chunkSize: COMPRESSED_CHUNK_BYTES, ...(level !== undefined && { level }) }),
      );
    case 'zip':
      return writeZip(entries, request, level);
  }
}

async function* announced(
  entries: AsyncIterable<ArchiveEntry>,
  onEntry: ArchiveRequest['onEntry'],
): AsyncGenerator<ArchiveEntry> {
  for await (const entry of entries) {
    onEntry?.(entry);
    yield entry;
  }
}
