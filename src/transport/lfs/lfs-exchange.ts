/** One LFS request on its way through the handlers: what came in, how it is answered, and how an error ends it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { RequestContext } from '#http/request-context.ts';
import { limits } from '#limits.ts';
import { HttpRefusal, refusalOfError, unsupportedMediaType } from '../http/http-refusal.ts';
import { RequestBody } from '../http/request-body.ts';
import { ClientLeftError, ResponseStream } from '../http/response-stream.ts';
import type { LfsServices } from './lfs-services.ts';

const MEDIA_TYPE = 'application/vnd.git-lfs+json';
const DOCUMENTATION_URL = 'https://github.com/git-lfs/git-lfs/tree/main/docs/api';
/** A header of its own, so that browsers show no dialogue — git-lfs, docs/api/batch.md, "Response Errors". */
const CHALLENGE = { 'LFS-Authenticate': 'Basic realm="OpenCodeHub", charset="UTF-8"' };

export class LfsExchange {
  readonly services: LfsServices;
  readonly request: IncomingMessage;
  readonly context: RequestContext;
  readonly body: RequestBody;
  readonly stream: ResponseStream;
  readonly #response: ServerResponse;

  constructor(services: LfsServices, request: IncomingMessage, response: ServerResponse, context: RequestContext) {
    this.services = services;
    this.request = request;
    this.context = context;
    this.body = new RequestBody(request, response, context.expectsContinue);
    this.stream = new ResponseStream(response);
    this.#response = response;
  }

  get signal(): AbortSignal {
    return this.stream.signal;
  }

  /** The media type of the API, asked for before anything is looked up. @throws {HttpRefusal} 406, 415 */
  requireMediaType(): void {
    if (!isAccepted(this.request.headers.accept ?? '*/*')) {
      throw new HttpRefusal(406, `The answer is ${MEDIA_TYPE}: name it in the Accept header.`);
    }
    if (this.request.method !== 'POST') return;
    const sent = typeOf(this.request.headers['content-type']?.toLowerCase() ?? '');
    if (sent !== MEDIA_TYPE) throw unsupportedMediaType(`The Content-Type is ${MEDIA_TYPE}, not "${sent}".`);
  }

  /** The body of a request, of the form that `schema` asks for. @throws {HttpRefusal} 400, 413, 422 */
  async readJson<T>(schema: z.ZodType<T>): Promise<T> {
    const bytes = await this.body.readAll(limits.lfsRequestMaxBytes);
    const result = schema.safeParse(parseJson(bytes));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new HttpRefusal(422, `The request is not valid at "${issue?.path.join('.')}": ${issue?.message}.`);
  }

  answerJson(status: number, value: object): void {
    this.#writeJson(status, value);
    this.#response.end();
  }

  /** Begins an answer that is no JSON. */
  begin(status: number, headers: Readonly<Record<string, string>>): void {
    this.#response.writeHead(status, headers);
  }

  /** Answers with a status and a sentence at once, whatever the client is still sending, and ends when that is in. */
  async refuse(error: unknown): Promise<void> {
    const refusal = refusalOfError(error, this.context.requestId);
    const isOurs = refusal.status >= 500 && !this.signal.aborted;
    if (isOurs) this.context.log.error({ err: error }, 'LFS request failed');
    if (this.signal.aborted || error instanceof ClientLeftError || this.#response.headersSent)
      return this.stream.destroy();
    const { 'WWW-Authenticate': challenge, ...headers } = refusal.headers;
    this.#writeJson(refusal.status, errorBody(refusal.message, this.context.requestId), {
      ...headers,
      ...(challenge !== undefined && CHALLENGE),
      ...(!this.body.isDrainable && { Connection: 'close' }),
    });
    await this.body.discard();
    this.#response.end();
  }

  /** The whole answer, but for its end. */
  #writeJson(status: number, value: object, headers: Readonly<Record<string, string>> = {}): void {
    const text = Buffer.from(JSON.stringify(value));
    this.#response.writeHead(status, {
      ...headers,
      'Content-Type': MEDIA_TYPE,
      'Content-Length': String(text.length),
      'Cache-Control': 'no-store',
    });
    this.#response.write(text);
  }
}

export interface LfsErrorBody {
  readonly message: string;
  readonly request_id: string;
  readonly documentation_url: string;
}

export function errorBody(message: string, requestId: string): LfsErrorBody {
  return { message, request_id: requestId, documentation_url: DOCUMENTATION_URL };
}

/** The most exact of the ranges that name the type decides, and one of quality zero forbids it — RFC 9110, section 12.5.1. */
function isAccepted(accept: string): boolean {
  const ranges = accept.toLowerCase().split(',');
  const named = [MEDIA_TYPE, 'application/*', '*/*'].map((type) => ranges.find((range) => typeOf(range) === type));
  const range = named.find((found) => found !== undefined);
  return range !== undefined && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/.test(range);
}

/** Without parameters, such as git-lfs' `charset=utf-8`. */
function typeOf(header: string): string {
  return (header.split(';', 1)[0] ?? '').trim();
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new HttpRefusal(400, 'The request is no JSON.');
  }
}
