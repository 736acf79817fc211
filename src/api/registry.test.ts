import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SCOPES } from '#auth/scope.ts';
import { openApiDocument } from './openapi.ts';
import { openApiPath, parsePathTemplate } from './path-template.ts';
import { RouteRegistry } from './registry.ts';
import { ROUTES } from './routes.ts';

const registry = new RouteRegistry(ROUTES);

describe('every route', () => {
  it('has an operation of its own, at a place of its own', () => {
    const ids = ROUTES.map((route) => route.operationId);
    const places = ROUTES.map((route) => `${route.method} ${route.path}`);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(places).size).toBe(places.length);
  });

  describe.each(ROUTES.map((route) => [route.operationId, route] as const))('%s', (_, route) => {
    it('describes every parameter of its path, and no other', () => {
      const named = [...route.path.matchAll(/\{(\w+)[+*]?\}/g)].map((match) => match[1]);
      expect(Object.keys(shapeOf(route.params)).sort()).toEqual(named.sort());
    });

    it('declares who may and which scopes a token needs', () => {
      expect(SCOPES).toEqual(expect.arrayContaining([...route.scopes]));
      const isPublic = route.permission === 'public';
      expect(isPublic || route.permission.action).toBeTruthy();
      if (isPublic) expect([route.method, route.scopes]).toEqual(['GET', []]);
      else if (!route.permission.action.startsWith('self:')) expect(route.scopes).not.toEqual([]);
    });

    it('reads a body only where a method has one, and answers one unless it says 204 or leads elsewhere', () => {
      if (route.method === 'GET' || route.method === 'DELETE') expect(route.body).toBeNull();
      expect(route.status === 204 || route.status === 302).toBe(route.response instanceof z.ZodUndefined);
    });

    it('is what its own path finds', () => {
      const path = route.path.replaceAll(/\{\w+[+*]?\}/g, 'x');
      expect(registry.find(route.method, path)?.route).toBe(route);
      if (route.method === 'GET') expect(registry.find('HEAD', path)?.route).toBe(route);
    });
  });
});

describe('the OpenAPI document', () => {
  const document = openApiDocument(ROUTES, 'http://localhost:3000/api/v3');

  it('holds every operation under its path', () => {
    const paths = document['paths'] as Record<string, Record<string, { operationId: string }>>;
    const described = Object.values(paths).flatMap((operations) => Object.values(operations));
    expect(described).toHaveLength(ROUTES.length);
    for (const route of ROUTES) {
      const operation = paths[openApiPath(parsePathTemplate(route.path))]?.[route.method.toLowerCase()];
      expect(operation?.operationId).toBe(route.operationId);
    }
  });

  it('is JSON without zod in it, and says what is required', () => {
    const text = JSON.stringify(document);
    expect(JSON.parse(text)).toEqual(document);
    expect(text).not.toContain('"~standard"');
    const paths = document['paths'] as Record<string, Record<string, { requestBody?: unknown }>>;
    expect(paths['/user/repos']?.['post']?.requestBody).toMatchObject({
      content: { 'application/json': { schema: { required: ['name'] } } },
    });
  });
});

function shapeOf(schema: z.ZodType): Record<string, unknown> {
  if (!(schema instanceof z.ZodObject)) throw new Error('parameters are described by an object');
  return schema.shape;
}
