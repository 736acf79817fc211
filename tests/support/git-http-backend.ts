/** Git's own smart HTTP server, `git http-backend`, run as CGI for one request: what our answers are compared with. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export interface BackendRequest {
  readonly method: string;
  /** Path below the folder of repositories, with its query. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface BackendAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What git said where only the server's administrator sees it, such as why it died. */
  readonly log: string;
}

/** @param folder holds the bare repositories @see RFC 3875, section 4.1 */
export async function runHttpBackend(folder: string, request: BackendRequest): Promise<BackendAnswer> {
  const [pathInfo = '', query = ''] = request.target.split('?');
  const headers = request.headers ?? {};
  const child = spawn('git', ['http-backend'], {
    cwd: path.resolve(folder),
    env: {
      ...process.env,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: path.resolve(folder),
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'ada',
      REMOTE_ADDR: '127.0.0.1',
      SERVER_PROTOCOL: 'HTTP/1.1',
      REQUEST_METHOD: request.method,
      PATH_INFO: pathInfo,
      QUERY_STRING: query,
      CONTENT_TYPE: headers['content-type'] ?? '',
      CONTENT_LENGTH: request.body ? String(request.body.length) : '',
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: headers['git-protocol'] ?? '',
      LC_ALL: 'C',
    },
  });
  const chunks: Buffer[] = [];
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(request.body ?? '');
  await once(child, 'close');
  return { ...parseCgiAnswer(Buffer.concat(chunks)), log };
}

/** Header lines, an empty line, the body; the status is a header — RFC 3875, section 6. */
function parseCgiAnswer(output: Buffer): Omit<BackendAnswer, 'log'> {
  const headersEnd = output.indexOf('\r\n\r\n');
  const lines = output.toString('latin1', 0, headersEnd).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const status = Number.parseInt(headers['status'] ?? '200', 10);
  return { status, headers, body: output.subarray(headersEnd + 4) };
}
