/** All operations of the API, each a file's worth in `resource/`, and the search for the one that a request means. */
import { compareSpecificity, matchPath, type PathTemplate, parsePathTemplate } from './path-template.ts';
import type { AnyRoute, Method } from './route.ts';

export interface RouteMatch {
  readonly route: AnyRoute;
  /** Decoded, not yet checked. */
  readonly params: Readonly<Record<string, string>>;
}

interface Entry {
  readonly route: AnyRoute;
  readonly template: PathTemplate;
}

export class RouteRegistry {
  readonly routes: readonly AnyRoute[];
  readonly #entriesByMethod: ReadonlyMap<Method, readonly Entry[]>;

  constructor(routes: readonly AnyRoute[]) {
    this.routes = routes;
    const entries = routes.map((route) => ({ route, template: parsePathTemplate(route.path) }));
    entries.sort((a, b) => compareSpecificity(a.template, b.template));
    this.#entriesByMethod = Map.groupBy(entries, (entry) => entry.route.method);
  }

  /**
   * @param method as sent; HEAD finds what GET does
   * @param path below `/api/v3`, as sent
   */
  find(method: string, path: string): RouteMatch | undefined {
    const entries = this.#entriesByMethod.get((method === 'HEAD' ? 'GET' : method) as Method) ?? [];
    for (const { route, template } of entries) {
      const params = matchPath(template, path);
      if (params) return { route, params };
    }
    return undefined;
  }
}
