/** The OpenAPI 3.1 document, made of the routes' own declarations — OpenAPI Specification 3.1.1. */
import { z } from 'zod';
import { openApiPath, parsePathTemplate } from './path-template.ts';
import { COMPATIBLE_VERSION } from './response-header.ts';
import type { AnyRoute } from './route.ts';

const ERROR_SCHEMA_REF = { $ref: '#/components/schemas/basic-error' };

const errorSchema = z.object({
  message: z.string(),
  errors: z
    .array(z.object({ resource: z.string(), field: z.string(), code: z.string(), message: z.string().optional() }))
    .optional(),
  documentation_url: z.string(),
  status: z.string(),
});

export function openApiDocument(routes: readonly AnyRoute[], apiUrl: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = openApiPath(parsePathTemplate(route.path));
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'OpenCodeHub REST API',
      version: COMPATIBLE_VERSION,
      description: "The operations of GitHub Enterprise Server's REST API that this forge answers, in the same shapes.",
    },
    servers: [{ url: apiUrl }],
    // An empty requirement beside the others: what is public needs none.
    security: [{ token: [] }, { basic: [] }, {}],
    paths,
    components: {
      schemas: { 'basic-error': jsonSchema(errorSchema, 'output') },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An access token; `token <token>` works as well.' },
        basic: { type: 'http', scheme: 'basic', description: 'User name, and a token or the password.' },
      },
    },
  };
}

function operation(route: AnyRoute): Record<string, unknown> {
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.resource],
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query')],
    ...(route.body && {
      requestBody: { content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } },
    }),
    responses: {
      [route.status]: success(route),
      default: { description: 'Error', content: jsonContent(ERROR_SCHEMA_REF) },
    },
    ...(route.permission === 'public' && { security: [{}] }),
    'x-permission': route.permission === 'public' ? 'public' : route.permission.action,
    'x-accepted-oauth-scopes': route.scopes,
  };
}

function success(route: AnyRoute): Record<string, unknown> {
  if (route.status === 204) return { description: 'Done' };
  if (route.status === 302) return { description: 'Found elsewhere' };
  return { description: 'Success', content: jsonContent(jsonSchema(route.response, 'output')) };
}

function jsonContent(schema: unknown): Record<string, unknown> {
  return { 'application/json': { schema } };
}

function parameters(schema: z.ZodType, where: 'path' | 'query'): unknown[] {
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: property,
  }));
}

function jsonSchema(schema: z.ZodType, side: 'input' | 'output'): Record<string, unknown> {
  // OpenAPI 3.1 is JSON Schema 2020-12, so that zod's own mark of it says nothing new.
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: side, unrepresentable: 'any' });
  return rest;
}
