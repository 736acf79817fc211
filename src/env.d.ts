/// <reference types="astro/client" />

declare namespace App {
  type PageLocals = import('#http/page-locals.ts').PageLocals;

  /** What every page and the middleware receive from the server; see `src/http/page-locals.ts`. */
  interface Locals extends PageLocals {}
}
