/** The JSON body of a request: read within a bound, parsed, and nothing else accepted in its place. */
import type { IncomingMessage } from 'node:http';
import { readBoundedBody } from '#http/bounded-body.ts';
import { limits } from '#limits.ts';
import { ApiError } from './error.ts';

/**
 * @returns the parsed body; `undefined` when none was sent
 * @throws {ApiError} 413 beyond `limits.apiBodyMaxBytes`, 408 beyond `limits.apiBodyTimeoutMs`, 400 for what is not a JSON object or array
 */
export async function readJsonBody(req: IncomingMessage): Promise<unknown> {
  const text = await readText(req);
  if (text.trim() === '') return undefined;
  const body = parseJson(text);
  if (typeof body !== 'object' || body === null) throw new ApiError(400, 'Body should be a JSON object');
  return body;
}

async function readText(req: IncomingMessage): Promise<string> {
  const { apiBodyMaxBytes: sizeMaxBytes, apiBodyTimeoutMs: timeoutMs } = limits;
  const body = await readBoundedBody(req, { sizeMaxBytes, timeoutMs });
  switch (body.kind) {
    case 'complete':
      return decodeText(body.bytes);
    case 'too-large':
      throw brokenOff(413, `The request body is larger than ${sizeMaxBytes} bytes`);
    case 'too-slow':
      throw brokenOff(408, `The request body did not arrive in ${timeoutMs / 1000} seconds`);
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw problemsParsingJson();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw problemsParsingJson();
  }
}

function problemsParsingJson(): ApiError {
  return new ApiError(400, 'Problems parsing JSON');
}

/** The rest of the body is not read, so the connection cannot be used again. */
function brokenOff(status: 408 | 413, message: string): ApiError {
  return new ApiError(status, message, { headers: { Connection: 'close' } });
}
