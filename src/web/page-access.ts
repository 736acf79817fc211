/** What each page asks first: does the thing exist for this principal, and may they do this to it? */
import type { AccessRequest, Decision } from '#auth/permission.ts';
import type { UserPrincipal } from '#auth/principal.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { encodePath, parseRepositoryAddress, type RepositoryAddress } from './repository-path.ts';
import { type RepositoryHead, repositoryHead } from './view-models/repository-head.ts';

/** What this file needs of Astro's context. */
export interface PageContext {
  readonly locals: App.Locals;
  redirect(path: string, status?: 303): Response;
  rewrite(path: string): Promise<Response>;
}

export type OpenedRepository =
  | {
      readonly kind: 'opened';
      readonly repository: RepositoryRecord;
      readonly address: RepositoryAddress;
      readonly head: RepositoryHead;
    }
  | { readonly kind: 'refused'; readonly response: Response };

/** Finds the repository that the request's address names and asks the policy. A refusal is the page's answer. */
export async function openRepository(
  page: PageContext,
  action: 'repository:read' | 'repository:admin' | 'repository:delete' = 'repository:read',
): Promise<OpenedRepository> {
  const { rawUrl, services, principal } = page.locals;
  const address = parseRepositoryAddress(rawUrl);
  const withoutSuffix = address && pageOfCloneAddress(address);
  if (withoutSuffix !== undefined) return { kind: 'refused', response: page.redirect(withoutSuffix, 303) };
  const repository = address && (await services.catalog.find(address.owner, address.name, principal));
  if (address === undefined || repository === undefined) return { kind: 'refused', response: notFound() };
  const refusal = await refuseUnlessAllowed(page, { action, repository });
  if (refusal !== undefined) return { kind: 'refused', response: refusal };
  const administers = services.decideAccess(principal, { action: 'repository:admin', repository }).kind === 'allow';
  return { kind: 'opened', repository, address, head: repositoryHead(repository, administers) };
}

/** Who opens the address to clone from in a browser wants the repository's page. No repository's own name ends in `.git`. */
function pageOfCloneAddress({ owner, name, view }: RepositoryAddress): string | undefined {
  if (view !== undefined || !/.\.git$/i.test(name)) return undefined;
  return encodePath(`/${owner}/${name.slice(0, -'.git'.length)}`);
}

/** @returns the answer to give instead of the page; undefined when the page may go on */
export async function refuseUnlessAllowed(page: PageContext, request: AccessRequest): Promise<Response | undefined> {
  const { services, principal } = page.locals;
  const decision = services.decideAccess(principal, request);
  return decision.kind === 'allow' ? undefined : refusalFor(page, decision);
}

/** @returns the signed-in user, or the way to the sign-in page */
export function requireUser(page: PageContext): UserPrincipal | Response {
  const { principal } = page.locals;
  return principal.kind === 'user' ? principal : toSignIn(page);
}

/** Rendered by `pages/404.astro`. */
export function notFound(): Response {
  return new Response(null, { status: 404 });
}

function refusalFor(page: PageContext, decision: Exclude<Decision, { kind: 'allow' }>): Response | Promise<Response> {
  switch (decision.kind) {
    case 'hidden':
      return notFound();
    case 'unauthenticated':
      return toSignIn(page);
    case 'forbidden':
    case 'scope-missing':
      return page.rewrite('/403');
  }
}

function toSignIn(page: PageContext): Response {
  return page.redirect(`/login?return_to=${encodeURIComponent(page.locals.rawUrl)}`, 303);
}
