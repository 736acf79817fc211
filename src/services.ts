/**
 * What the application is made of, as its doors (pages, REST, git) see it: each member is an interface or a class that
 * `context.ts` has built with concrete adapters. Doors take from here only what they use.
 */
import type { Bus } from '#bus/bus.ts';
import type { Cache } from '#bus/cache.ts';
import type { RepositoryEngine } from '#repository/repository-engine.ts';

export interface Services {
  readonly site: Site;
  readonly engine: RepositoryEngine;
  readonly bus: Bus;
  readonly cache: Cache;
}

/** What users may know of the configuration. */
export interface Site {
  /** Scheme and host that users see, without a path. */
  readonly publicUrl: URL;
  readonly signup: 'open' | 'invite' | 'closed';
  readonly version: string;
}
