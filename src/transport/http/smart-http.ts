/** Git over HTTP: which requests are git's, what each must be like, and who answers it — gitprotocol-http(5). */
import type { RawRoute } from '#http/raw-route.ts';
import type { GitAccess } from '../git/git-access.ts';
import type { GitServices } from '../git-services.ts';
import { authorizeGit } from './git-access.ts';
import { GitExchange } from './git-exchange.ts';
import { type GitPath, type GitService, METHODS_OF, parseGitPath } from './git-path.ts';
import { forbidden, methodNotAllowed, notFound, unsupportedMediaType } from './http-refusal.ts';
import { answerInfoRefs } from './info-refs-handler.ts';
import { answerReceivePack } from './receive-pack-handler.ts';
import { answerUploadArchive } from './upload-archive-handler.ts';
import { answerUploadPack } from './upload-pack-handler.ts';

/** The route of `/<owner>/<repository>[.git]/{info/refs,git-upload-pack,git-receive-pack,git-upload-archive}` and the files of the dumb protocol. */
export function createSmartHttp(services: GitServices): RawRoute {
  return async (request, response, context) => {
    const path = parseGitPath(context.rawUrl);
    if (!path) return false;
    const exchange = new GitExchange(services, request, response, context);
    try {
      await answer(exchange, path);
    } catch (error) {
      await exchange.refuse(error);
    }
    return true;
  };
}

/** Checks what needs no database first, and everything before the body is asked for. */
async function answer(exchange: GitExchange, path: GitPath): Promise<void> {
  const service = requireService(exchange, path);
  const access = await authorizeGit(exchange, path, service);
  requireEnabled(access, service);
  if (path.resource.kind === 'info-refs') return answerInfoRefs(exchange, access, service);
  if (service === 'git-receive-pack') return answerReceivePack(exchange, access);
  if (access.kind !== 'existing') throw notFound();
  if (service === 'git-upload-archive') return answerUploadArchive(exchange, access);
  return answerUploadPack(exchange, access);
}

/** @throws {HttpRefusal} */
function requireService(exchange: GitExchange, path: GitPath): GitService {
  requireMethod(exchange, METHODS_OF[path.resource.kind]);
  switch (path.resource.kind) {
    case 'info-refs':
      return parseService(path.resource.service);
    case 'rpc':
      requireContentType(exchange, `application/x-${path.resource.service}-request`);
      return path.resource.service;
    case 'file':
      throw forbidden('Dumb HTTP is not supported: use a git client of version 1.6.6 or later.');
  }
}

const ENABLING_SETTING = {
  'git-upload-pack': 'http.uploadpack',
  'git-receive-pack': 'http.receivepack',
  'git-upload-archive': 'http.uploadarchive',
} as const;

/** What an owner has switched off for HTTP. @throws {HttpRefusal} in the words of git's `http-backend.c` */
function requireEnabled(access: GitAccess, service: GitService): void {
  if (access.kind === 'existing' && !access.repository.gitSettings[ENABLING_SETTING[service]]) {
    throw forbidden(`Service not enabled: '${service.slice('git-'.length)}'`);
  }
}

function parseService(name: string | undefined): GitService {
  switch (name) {
    case 'git-upload-pack':
    case 'git-receive-pack':
    case 'git-upload-archive':
      return name;
    case undefined:
      throw forbidden('Dumb HTTP is not supported: name a service, such as ?service=git-upload-pack.');
    default:
      throw forbidden(`Unsupported service: '${name}'`);
  }
}

function requireMethod(exchange: GitExchange, methods: readonly string[]): void {
  if (!methods.includes(exchange.request.method ?? '')) throw methodNotAllowed(methods.join(', '));
}

function requireContentType(exchange: GitExchange, expected: string): void {
  const received = exchange.request.headers['content-type'] ?? '';
  if (received === expected) return;
  throw unsupportedMediaType(`Expected POST with Content-Type '${expected}', but received '${received}' instead.`);
}
