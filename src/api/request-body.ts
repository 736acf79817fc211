/** The JSON body of a request: read within a bound, parsed, and nothing else accepted in its place. */
import type { IncomingMessage } from 'node:http';
import { limits } from '#limits.ts';
import { ApiError } from './error.ts';

/**
 * @returns the parsed body; `undefined` when none was sent
 * @throws {ApiError} 413 beyond `limits.apiBodyMaxBytes`, 400 for what is not a JSON object or array
 */
export async function readJsonBody(req: IncomingMessage): Promise<unknown> {
  const text = await readText(req);
  if (text.trim() === '') return undefined;
  const body = parseJson(text);
  if (typeof body !== 'object' || body === null) throw new ApiError(400, 'Body should be a JSON object');
  return body;
}

async function readText(req: IncomingMessage): Promise<string> {
  if (Number(req.headers['content-length'] ?? 0) > limits.apiBodyMaxBytes) throw bodyTooLarge();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // Leaving the loop early must not end the connection: the answer is still to be sent on it.
  const source: AsyncIterable<Uint8Array> = req.iterator({ destroyOnReturn: false });
  for await (const chunk of source) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > limits.apiBodyMaxBytes) throw bodyTooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
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
function bodyTooLarge(): ApiError {
  return new ApiError(413, `The request body is larger than ${limits.apiBodyMaxBytes} bytes`, {
    headers: { Connection: 'close' },
  });
}
