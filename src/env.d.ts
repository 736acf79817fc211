/// <reference types="astro/client" />

declare namespace App {
  /** What every page and the middleware receive from the server; see `src/http/page-locals.ts`. */
  interface Locals extends import('#http/page-locals.ts').PageLocals {}
}
