/**
 * What a route is: one declaration from which the dispatcher, the authorisation and the OpenAPI document are made. Every
 * field is required, so an operation without schemas, permission or token scopes does not type-check.
 */
import type { z } from 'zod';
import type { AccessRequest } from '#auth/permission.ts';
import type { Principal } from '#auth/principal.ts';
import type { Scope } from '#auth/scope.ts';
import type { BaseUrls } from './hypermedia.ts';
import type { Representation } from './media-type.ts';
import type { PageExtent, PageRequest } from './pagination.ts';
import type { Allowance } from './rate-limit.ts';
import type { ApiServices } from './services.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Route<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Response extends z.ZodType,
  Target,
> {
  readonly method: Method;
  /** Below `/api/v3`; see `path-template.ts`. */
  readonly path: `/${string}`;
  /** GitHub's name of the operation: `repos/get`. Unique. */
  readonly operationId: string;
  readonly summary: string;
  /** GitHub's name of what it is about, in errors and as OpenAPI tag: `Repository`. */
  readonly resource: string;
  readonly params: Params;
  readonly query: Query;
  /** Null where no body is read. */
  readonly body: Body | null;
  /** Status of success and what comes with it; `z.undefined()` where nothing does. */
  readonly status: 200 | 201 | 202 | 204 | 302;
  readonly response: Response;
  readonly permission: Permission<z.output<Params>, Target>;
  /** Scopes of which a token must carry one to use the operation to its full; none for what anybody may read. */
  readonly scopes: readonly Scope[];
  /** What a request takes from the caller's allowance; `one` when absent. */
  readonly rateCost?: 'one' | 'free';
  handle(
    call: Call<z.output<Params>, z.output<Query>, z.output<Body>, Target>,
  ): Promise<Reply<z.output<Response>>> | Reply<z.output<Response>>;
}

/** Who may. `'public'` is for what anybody may see. */
export type Permission<Params, Target> = 'public' | AccessPermission<Params, Target>;

export interface AccessPermission<Params, Target> {
  readonly action: AccessRequest['action'];
  /** Finds what the path names, and the facts about it; undefined when there is no such thing. */
  find(request: AccessLookup<Params>): Promise<Found<Target> | undefined> | Found<Target> | undefined;
}

export interface AccessLookup<Params> {
  readonly principal: Principal;
  readonly params: Params;
  readonly services: ApiServices;
}

export interface Found<Target> {
  readonly access: AccessRequest;
  /** What the handler works on. Undefined only where the policy cannot allow, as for an anonymous caller's own account. */
  readonly target: Target | undefined;
}

/** One request to a route, authenticated, authorised and parsed. */
export interface Call<Params, Query, Body, Target> {
  readonly principal: Principal;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly target: Target;
  readonly services: ApiServices;
  readonly urls: BaseUrls;
  readonly representation: Representation;
  readonly page: PageRequest;
  /** The caller's allowance, this request included. */
  readonly rate: Allowance;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
}

export type Reply<Body> =
  | {
      readonly kind: 'json';
      readonly body: Body;
      readonly lastModified?: Date | undefined;
      /** For lists: makes the Link header. */
      readonly extent?: PageExtent;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'empty'; readonly headers?: Readonly<Record<string, string>> }
  | {
      /** Another representation than JSON, as the Accept header asked. */
      readonly kind: 'bytes';
      readonly contentType: string;
      readonly sizeBytes: number;
      /** Identifies the bytes; an object id will do. */
      readonly etag: string;
      stream(): AsyncIterable<Uint8Array>;
    };

/** A route whose types of parameters and target the registry has forgotten; the schemas restore them at run time. */
export type AnyRoute = Route<z.ZodType, z.ZodType, z.ZodType, z.ZodType, unknown>;

export function defineRoute<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Response extends z.ZodType,
  Target,
>(route: Route<Params, Query, Body, Response, Target>): AnyRoute {
  // Sound because the dispatcher gives a route only what its own schemas and its own permission made.
  return route as unknown as AnyRoute;
}

export function json<Body>(
  body: Body,
  options: { lastModified?: Date; headers?: Record<string, string> } = {},
): Reply<Body> {
  return { kind: 'json', body, ...options };
}

export function list<Item>(items: Item[], extent: PageExtent): Reply<Item[]> {
  return { kind: 'json', body: items, extent };
}

export function empty(headers: Record<string, string> = {}): Reply<undefined> {
  return { kind: 'empty', headers };
}

/** A representation that is in memory whole. */
export function bytes(contentType: string, etag: string, body: Uint8Array): Reply<never> {
  return {
    kind: 'bytes',
    contentType,
    etag,
    sizeBytes: body.byteLength,
    async *stream() {
      yield body;
    },
  };
}
