/** What the API says of itself: its root, its settings, the caller's allowance and its own description. */
import { z } from 'zod';
import type { BaseUrls } from '../hypermedia.ts';
import { openApiDocument } from '../openapi.ts';
import type { Allowance } from '../rate-limit.ts';
import { COMPATIBLE_VERSION } from '../response-header.ts';
import { type AnyRoute, defineRoute, json } from '../route.ts';

/** Below the API's root: the links of its answer, each an RFC 6570 template. */
const ROOT_LINKS = {
  current_user_url: '/user',
  current_user_repositories_url: '/user/repos{?type,page,per_page,sort}',
  emails_url: '/user/emails',
  organization_url: '/orgs/{org}',
  organization_repositories_url: '/orgs/{org}/repos{?type,page,per_page,sort}',
  rate_limit_url: '/rate_limit',
  repository_url: '/repos/{owner}/{repo}',
  user_url: '/users/{user}',
  user_organizations_url: '/user/orgs',
  user_repositories_url: '/users/{user}/repos{?type,page,per_page,sort}',
} as const;

type RootLink = keyof typeof ROOT_LINKS;
const ROOT_LINK_NAMES = Object.keys(ROOT_LINKS) as RootLink[];

const rootSchema = z
  .object(Object.fromEntries(ROOT_LINK_NAMES.map((name) => [name, z.string()])) as Record<RootLink, z.ZodString>)
  .meta({ title: 'Root' });

const rateSchema = z.object({
  limit: z.number().int(),
  used: z.number().int(),
  remaining: z.number().int(),
  reset: z.number().int().describe('Seconds since 1970.'),
});

export const getRoot = defineRoute({
  method: 'GET',
  path: '/',
  operationId: 'meta/root',
  summary: 'List what the API links to',
  resource: 'Meta',
  params: z.object({}),
  query: z.object({}),
  body: null,
  status: 200,
  response: rootSchema,
  permission: 'public',
  scopes: [],
  handle: (call) => json(rootLinks(call.urls)),
});

export const getMeta = defineRoute({
  method: 'GET',
  path: '/meta',
  operationId: 'meta/get',
  summary: 'Get facts about this installation',
  resource: 'Meta',
  params: z.object({}),
  query: z.object({}),
  body: null,
  status: 200,
  response: z.object({ verifiable_password_authentication: z.boolean(), installed_version: z.string() }),
  permission: 'public',
  scopes: [],
  handle: () => json({ verifiable_password_authentication: true, installed_version: COMPATIBLE_VERSION }),
});

export const getRateLimit = defineRoute({
  method: 'GET',
  path: '/rate_limit',
  operationId: 'rate-limit/get',
  summary: "Get the caller's rate limit",
  resource: 'RateLimit',
  params: z.object({}),
  query: z.object({}),
  body: null,
  status: 200,
  response: z.object({ resources: z.object({ core: rateSchema }), rate: rateSchema }),
  permission: 'public',
  scopes: [],
  rateCost: 'free',
  handle(call) {
    const rate = rateBody(call.rate);
    return json({ resources: { core: rate }, rate });
  },
});

/** @param routes all of them, this one included, once they are known */
export function getOpenApiDocument(routes: () => readonly AnyRoute[]): AnyRoute {
  return defineRoute({
    method: 'GET',
    path: '/openapi.json',
    operationId: 'meta/get-openapi-document',
    summary: 'Get the OpenAPI description of this API',
    resource: 'Meta',
    params: z.object({}),
    query: z.object({}),
    body: null,
    status: 200,
    response: z.record(z.string(), z.unknown()),
    permission: 'public',
    scopes: [],
    handle: (call) => json(openApiDocument(routes(), call.urls.api)),
  });
}

function rootLinks(urls: BaseUrls): z.infer<typeof rootSchema> {
  const links = ROOT_LINK_NAMES.map((name) => [name, urls.api + ROOT_LINKS[name]]);
  return Object.fromEntries(links) as Record<RootLink, string>;
}

function rateBody(rate: Allowance): z.infer<typeof rateSchema> {
  return { limit: rate.limit, used: rate.used, remaining: rate.remaining, reset: rate.resetSeconds };
}
