/**
 * The browser's files that the build made: styles, scripts, images. Known by name when the server starts, so a request is a
 * look-up and never a walk through a file system.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { lookup } from 'mrmime';
import { acceptedEncodings } from './accept-encoding.ts';
import { isNotModified } from './conditional.ts';

/** Astro puts a hash of the content into the names below this path. */
const IMMUTABLE_PREFIX = '/_astro/';
/** In order of preference. The build writes them beside the file. */
const ENCODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;

interface StaticFile {
  readonly contentType: string;
  readonly etag: string;
  readonly immutable: boolean;
  readonly variants: readonly Variant[];
}

interface Variant {
  readonly encoding: string | undefined;
  readonly file: string;
  readonly sizeBytes: number;
}

export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  /** @param folder the files to serve; one that does not exist serves none */
  constructor(folder: string) {
    if (!existsSync(folder)) return;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || /\.(?:br|gz)$/.test(entry.name)) continue;
      const file = path.join(entry.parentPath, entry.name);
      const urlPath = `/${path.relative(folder, file).split(path.sep).map(encodeURIComponent).join('/')}`;
      this.#files.set(urlPath, describe(file, urlPath));
    }
  }

  /** @returns false when there is no such file or the method is another than GET and HEAD */
  async serve(request: IncomingMessage, response: ServerResponse, rawUrl: string): Promise<boolean> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const file = this.#files.get(rawUrl.split('?', 1)[0] ?? '');
    if (file === undefined) return false;
    const variant = chooseVariant(file, request.headers['accept-encoding']);
    const headers = headersOf(file, variant);
    if (isNotModified(request.headers, { etag: headers['ETag'] })) {
      response.writeHead(304, headers).end();
      return true;
    }
    response.writeHead(200, { ...headers, 'Content-Length': variant.sizeBytes });
    if (request.method === 'HEAD') response.end();
    else await send(variant.file, response);
    return true;
  }
}

async function send(file: string, response: ServerResponse): Promise<void> {
  try {
    await pipeline(createReadStream(file), response);
  } catch (error) {
    // A client that leaves in the middle is no fault.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

function describe(file: string, urlPath: string): StaticFile {
  const contentType = lookup(file) ?? 'application/octet-stream';
  const variants: Variant[] = [];
  for (const { name, extension } of ENCODINGS) {
    if (!existsSync(file + extension)) continue;
    variants.push({ encoding: name, file: file + extension, sizeBytes: statSync(file + extension).size });
  }
  variants.push({ encoding: undefined, file, sizeBytes: statSync(file).size });
  return {
    contentType:
      contentType.startsWith('text/') || contentType.includes('javascript')
        ? `${contentType};charset=utf-8`
        : contentType,
    etag: createHash('sha256').update(readFileSync(file)).digest('base64url').slice(0, 22),
    immutable: urlPath.startsWith(IMMUTABLE_PREFIX),
    variants,
  };
}

function chooseVariant(file: StaticFile, acceptEncoding: string | undefined): Variant {
  const accepted = acceptedEncodings(acceptEncoding);
  const variant = file.variants.find(({ encoding }) => encoding === undefined || accepted.has(encoding));
  if (variant === undefined) throw new Error('a static file without its plain variant');
  return variant;
}

function headersOf(file: StaticFile, variant: Variant): Record<string, string> {
  return {
    'Content-Type': file.contentType,
    'Cache-Control': file.immutable ? 'public, max-age=31536000, immutable' : 'public, max-age=0, must-revalidate',
    // A strong validator names one representation, so each encoding has its own.
    ETag: `"${file.etag}${variant.encoding === undefined ? '' : `-${variant.encoding}`}"`,
    ...(file.variants.length > 1 ? { Vary: 'Accept-Encoding' } : {}),
    ...(variant.encoding === undefined ? {} : { 'Content-Encoding': variant.encoding }),
  };
}
