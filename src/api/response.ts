/** Puts a reply, or an error, onto the wire: status, validators, Link and bytes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isNotModified, weakEtag } from '#http/conditional.ts';
import { type ApiError, errorBody } from './error.ts';
import type { BaseUrls } from './hypermedia.ts';
import { linkHeader, type PageRequest } from './pagination.ts';
import { openApiPath, parsePathTemplate } from './path-template.ts';
import { setHeaders } from './response-header.ts';
import type { AnyRoute, Reply } from './route.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

export interface ReplyContext {
  /** Status of success. */
  readonly status: number;
  /** As the caller asked for it, for the links to other pages. */
  readonly url: string;
  readonly page: PageRequest;
  /** Called before the head of a 304 goes out. */
  readonly onNotModified: () => Promise<void>;
}

export async function writeReply(
  req: IncomingMessage,
  res: ServerResponse,
  reply: Reply<unknown>,
  context: ReplyContext,
): Promise<void> {
  if (reply.kind === 'empty') {
    setHeaders(res, reply.headers ?? {});
    res.writeHead(context.status).end();
    return;
  }
  if (reply.kind === 'bytes') return writeBytes(req, res, reply, context);
  const body = JSON.stringify(reply.body);
  setHeaders(res, {
    ...reply.headers,
    'Content-Type': JSON_TYPE,
    'Last-Modified': reply.lastModified?.toUTCString(),
    Link: reply.extent && linkHeader(context.url, context.page, reply.extent),
  });
  const etag = isRead(req) ? weakEtag(body) : undefined;
  if (await answeredNotModified(req, res, { etag, lastModified: reply.lastModified }, context)) return;
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.writeHead(context.status);
  res.end(req.method === 'HEAD' ? undefined : body);
}

export function writeError(req: IncomingMessage, res: ServerResponse, error: ApiError, documentation: string): void {
  const body = JSON.stringify(errorBody(error, documentation));
  setHeaders(res, { ...error.headers, 'Content-Type': JSON_TYPE, 'Content-Length': Buffer.byteLength(body) });
  res.writeHead(error.status).end(req.method === 'HEAD' ? undefined : body);
}

/** Where an operation is described: the OpenAPI document, and in it the operation as a JSON pointer. */
export function documentationUrl(urls: BaseUrls, route: AnyRoute | undefined): string {
  const document = `${urls.api}/openapi.json`;
  if (!route) return document;
  const path = openApiPath(parsePathTemplate(route.path)).replaceAll('/', '~1');
  return `${document}#/paths/${path}/${route.method.toLowerCase()}`;
}

async function writeBytes(
  req: IncomingMessage,
  res: ServerResponse,
  reply: Extract<Reply<unknown>, { kind: 'bytes' }>,
  context: ReplyContext,
): Promise<void> {
  res.setHeader('Content-Type', reply.contentType);
  const etag = `W/"${reply.etag}"`;
  if (await answeredNotModified(req, res, { etag, lastModified: undefined }, context)) return;
  res.setHeader('Content-Length', reply.sizeBytes);
  res.writeHead(context.status);
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  await pipeline(Readable.from(reply.stream(), { objectMode: false }), res);
}

async function answeredNotModified(
  req: IncomingMessage,
  res: ServerResponse,
  validators: { etag: string | undefined; lastModified: Date | undefined },
  context: ReplyContext,
): Promise<boolean> {
  if (!isRead(req)) return false;
  setHeaders(res, { ETag: validators.etag });
  if (!isNotModified(req.headers, validators)) return false;
  await context.onNotModified();
  res.removeHeader('Content-Type');
  res.writeHead(304).end();
  return true;
}

function isRead(req: IncomingMessage): boolean {
  return req.method === 'GET' || req.method === 'HEAD';
}
