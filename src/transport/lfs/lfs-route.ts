/** Git LFS: which requests are its, what each must be like, and who answers it — git-lfs, docs/api. */
import type { RawRoute } from '#http/raw-route.ts';
import { methodNotAllowed, notFound } from '../http/http-refusal.ts';
import { answerBatch } from './batch-handler.ts';
import { LfsExchange } from './lfs-exchange.ts';
import { type LfsPath, parseLfsPath } from './lfs-path.ts';
import type { LfsServices } from './lfs-services.ts';
import { answerLocks, answerLockVerification, answerNewLock, answerUnlock } from './lock-handler.ts';
import { answerDownload, answerUpload } from './object-handler.ts';
import { answerVerify } from './verify-handler.ts';

/** The route of everything below `/<owner>/<repository>[.git]/info/lfs`. */
export function createLfsRoute(services: LfsServices): RawRoute {
  return async (request, response, context) => {
    const path = parseLfsPath(context.rawUrl);
    if (path === undefined) return false;
    const exchange = new LfsExchange(services, request, response, context);
    try {
      await answer(exchange, path);
    } catch (error) {
      await exchange.refuse(error);
    }
    return true;
  };
}

async function answer(exchange: LfsExchange, path: LfsPath): Promise<void> {
  const { resource } = path;
  switch (resource.kind) {
    case 'object':
      if (requireMethod(exchange, ['GET', 'HEAD', 'PUT']) === 'PUT') return answerUpload(exchange, path, resource.oid);
      return answerDownload(exchange, path, resource.oid);
    case 'locks':
      if (requireJson(exchange, ['GET', 'HEAD', 'POST']) === 'POST') return answerNewLock(exchange, path);
      return answerLocks(exchange, path, resource.query);
    case 'batch':
      requireJson(exchange, ['POST']);
      return answerBatch(exchange, path);
    case 'verify':
      requireJson(exchange, ['POST']);
      return answerVerify(exchange, path);
    case 'lock-verification':
      requireJson(exchange, ['POST']);
      return answerLockVerification(exchange, path);
    case 'unlock':
      requireJson(exchange, ['POST']);
      return answerUnlock(exchange, path, resource.lockId);
    case 'unknown':
      throw notFound('There is nothing of Git LFS at this address.');
  }
}

function requireMethod(exchange: LfsExchange, methods: readonly string[]): string {
  const { method = '' } = exchange.request;
  if (!methods.includes(method)) throw methodNotAllowed(methods.join(', '));
  return method;
}

function requireJson(exchange: LfsExchange, methods: readonly string[]): string {
  const method = requireMethod(exchange, methods);
  exchange.requireMediaType();
  return method;
}
