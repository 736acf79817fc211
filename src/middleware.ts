/** Astro's middleware: under `astro dev` it brings the locals that the server passes in production. */
import { defineMiddleware } from 'astro:middleware';
import type { AsyncLocalStorage } from 'node:async_hooks';
import type { PageLocals } from '#http/page-locals.ts';

const DEV_LOCALS = Symbol.for('opencodehub.pageLocals');

export const onRequest = defineMiddleware((context, next) => {
  if (import.meta.env.DEV) {
    const storage = (globalThis as { [DEV_LOCALS]?: AsyncLocalStorage<PageLocals> })[DEV_LOCALS];
    Object.assign(context.locals, storage?.getStore());
  }
  return next();
});
