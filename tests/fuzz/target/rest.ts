/** REST: every route, with parameters and bodies that its schemas describe, damaged. What is refused says so in JSON; what succeeds is as declared. */
import { z } from 'zod';
import { API_PREFIX } from '#api/hypermedia.ts';
import { ROUTES } from '#api/routes.ts';
import type { UserPrincipal } from '#auth/principal.ts';
import { SCOPES } from '#auth/scope.ts';
import { generateRepository } from '../../differential/generated-repository.ts';
import { createTestUser } from '../../support/accounts.ts';
import { RestForge, requireShape } from '../../support/rest-forge.ts';
import type { FuzzSession } from '../fuzz-target.ts';
import { damageValue, mutate, printable } from '../mutate.ts';
import type { Random } from '../random.ts';
import { ServerWatch } from '../server-watch.ts';
import { ForgeClient, PARALLEL } from './forge-client.ts';

const REPOSITORIES = ['one', 'two', 'three'];
const KEYS = [
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6mHS6H1SJoRJkGTkUOJ3mtGyfGp4sIQLqJv8f0vB3q a',
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 b',
  'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA== c',
];
/** By the names of parameters and fields; what has none of its own gets one of the rest. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  owner: ['ada', 'ada', 'ada', 'ada', 'eve', 'nobody'],
  username: ['ada', 'eve', 'nobody'],
  org: ['guild', 'nobody'],
  repo: [...REPOSITORIES, ...REPOSITORIES, 'secret', 'nothing'],
  name: [...REPOSITORIES, 'new-one', 'new-two', '.git', '..'],
  key: KEYS,
  key_id: ['1', '2', '3', '99'],
  id: ['1', '2', '3', '99'],
  branch: ['main', 'side', 'topic/one'],
  ref: ['main', 'heads/main', 'refs/heads/new', 'tags/v1', 'HEAD'],
  path: ['README', 'a/b', 'a', 'deep/er', ''],
  basehead: ['main...side', 'main..main'],
  default_branch: ['main', 'side', 'nothing'],
};
const OTHERS = ['main', 'x', '1', 'https://example.com', 'public', 'private', 'ü', '%2e%2e', 'refs/heads/main'];

type AnyRoute = (typeof ROUTES)[number];

export async function openRestFuzzer(): Promise<FuzzSession> {
  const watch = new ServerWatch();
  const forge = await RestForge.start(watch.log, watch.blobs);
  const { ids, tokens, ada } = await settle(forge);
  const client = new ForgeClient(forge.port, tokens.ada);
  const authorizations = [`Bearer ${tokens.ada}`, `token ${tokens.ada}`, `Bearer ${tokens.eve}`, '', 'Bearer x'];
  const tally = { succeeded: 0, refused: 0 };
  watch.forgive();
  return {
    parallel: PARALLEL,
    async attempt(random) {
      const route = random.pick(ROUTES);
      const target = makeTarget(random, route, ids);
      // The owner may do most, so the owner asks most.
      const authorization = random.oneIn(2) ? authorizations[0] : random.pick(authorizations);
      const method = random.oneIn(30) ? random.pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']) : route.method;
      const answer = await client.send({
        method,
        target,
        headers: makeHeaders(random, authorization ?? ''),
        ...(method !== 'GET' && method !== 'HEAD' && { body: makeBody(random, route, ids) }),
      });
      const where = () => `${answer.status} of ${method} ${target}: ${answer.body.toString('latin1').slice(0, 500)}`;
      // Eve owns it, and asks for nothing.
      if (/^\/api\/v3\/repos\/eve\/secret(?![\w.-])/.test(target) && authorization !== authorizations[2]) {
        if (answer.status < 400) throw new Error(`a stranger gets ${where()}`);
      }
      tally[answer.status < 400 ? 'succeeded' : 'refused']++;
      requireAnswer(answer, method, target, where);
    },
    async check() {
      await watch.check(forge.accounts.database.sql);
      await makeRepositories(forge, ada);
      const { status } = await client.send({ method: 'GET', target: `${API_PREFIX}/user/repos` });
      if (status !== 200) throw new Error(`status ${status} of the repositories`);
      watch.forgive();
    },
    describe: () => `${tally.succeeded} succeeded, ${tally.refused} refused`,
    async close() {
      client.close();
      watch.close();
      await forge.close();
    },
  };
}

async function settle(forge: RestForge) {
  const ada = await createTestUser(forge.accounts.workflows, 'ada');
  const eve = await createTestUser(forge.accounts.workflows, 'eve');
  const tokens = { ada: await forge.issueToken(ada.userId, SCOPES), eve: await forge.issueToken(eve.userId, SCOPES) };
  await forge.accounts.catalog.create(eve, { ownerId: eve.userId, name: 'secret', visibility: 'private' });
  await forge.call('POST /orgs', { token: tokens.ada, body: { login: 'guild' } });
  await makeRepositories(forge, ada);
  return { ids: [...generateRepository(5).model.objects.keys()], tokens, ada };
}

/** Those that somebody deleted, anew. */
async function makeRepositories(forge: RestForge, owner: UserPrincipal): Promise<void> {
  for (const name of REPOSITORIES) {
    const request = { ownerId: owner.userId, name, visibility: 'public' as const };
    const outcome = await forge.accounts.catalog.create(owner, request);
    if (outcome.kind === 'created') await forge.fill(outcome.repository.id, generateRepository(5));
  }
}

function makeTarget(random: Random, route: AnyRoute, ids: readonly string[]): string {
  const path = route.path.replace(/\{(\w+)[^}]*\}/g, (_, name: string) => {
    const value = valueFor(random, name, ids);
    const changed = random.oneIn(12) ? printable(mutate(random, Buffer.from(value))) : value;
    return random.oneIn(8) ? changed : encodeURIComponent(changed);
  });
  const names = Object.keys((z.toJSONSchema(route.query, SCHEMA_OPTIONS) as Schema).properties ?? {});
  const query = names
    .filter(() => random.oneIn(3))
    .map(
      (name) =>
        `${name}=${encodeURIComponent(random.oneIn(2) ? String(random.size(200)) : valueFor(random, name, ids))}`,
    );
  const target = API_PREFIX + path + (query.length > 0 ? `?${query.join('&')}` : '');
  return random.oneIn(20)
    ? `/${printable(mutate(random, Buffer.from(target.slice(1))))}`
    : target.replace(/[^\x21-\x7e]/g, '');
}

function valueFor(random: Random, name: string, ids: readonly string[]): string {
  if (/sha$/.test(name) || (name === 'ref' && random.oneIn(3))) return random.pick(ids);
  return random.pick(random.oneIn(12) ? OTHERS : (VALUES[name] ?? OTHERS));
}

function makeHeaders(random: Random, authorization: string): Record<string, string> {
  const accept = [
    'application/json',
    'application/vnd.github+json',
    'application/vnd.github.raw',
    'text/html',
    '*/*;q=0',
  ];
  return {
    authorization,
    accept: random.oneIn(10) ? printable(mutate(random, Buffer.from(random.pick(accept)))) : random.pick(accept),
    'content-type': random.oneIn(12) ? 'application/x-www-form-urlencoded' : 'application/json',
    ...(random.oneIn(12) && { 'if-none-match': random.pick(['*', '"x"', 'W/"x"', '"']) }),
    ...(random.oneIn(12) && { 'if-modified-since': random.pick(['x', 'Thu, 01 Jan 1970 00:00:00 GMT']) }),
    ...(random.oneIn(20) && { 'content-encoding': random.pick(['gzip', 'br', 'identity']) }),
  };
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly required?: readonly string[];
}

const SCHEMA_OPTIONS = { io: 'input', unrepresentable: 'any' } as const;
const bodySchemas = new Map<string, Schema>();

function makeBody(random: Random, route: AnyRoute, ids: readonly string[]): Buffer {
  if (route.body === null) return Buffer.from(random.oneIn(20) ? '{}' : '');
  const schema = bodySchemas.get(route.operationId) ?? (z.toJSONSchema(route.body, SCHEMA_OPTIONS) as Schema);
  bodySchemas.set(route.operationId, schema);
  const sound = exampleOf(random, '', schema, ids);
  const text = Buffer.from(JSON.stringify(random.oneIn(2) ? sound : damageValue(random, sound)) ?? '');
  return random.oneIn(8)
    ? mutate(random, text, ['null', '{}', '[', '"', '\\u0000', '\\ud800', '1e999', '"__proto__":'])
    : text;
}

function exampleOf(random: Random, name: string, schema: Schema, ids: readonly string[]): unknown {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return exampleOf(random, name, random.pick(choices), ids);
  if (schema.enum) return random.pick(schema.enum);
  if (schema.const !== undefined) return schema.const;
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {});
      const given = fields.filter(([field]) => schema.required?.includes(field) || random.oneIn(3));
      return Object.fromEntries(given.map(([field, inner]) => [field, exampleOf(random, field, inner, ids)]));
    }
    case 'array':
      return Array.from({ length: random.size(4) }, () => exampleOf(random, name, schema.items ?? {}, ids));
    case 'boolean':
      return random.oneIn(2);
    case 'integer':
    case 'number':
      return random.pick([0, 1, 50, 4_095, 1_000_000, random.uint32()]);
    case 'null':
      return null;
    default:
      return valueFor(random, name, ids);
  }
}

function requireAnswer(
  { status, headers, body }: Awaited<ReturnType<ForgeClient['send']>>,
  method: string,
  target: string,
  where: () => string,
): void {
  const isJson = headers['content-type']?.startsWith('application/json') && body.length > 0 && method !== 'HEAD';
  if (status >= 400 && isJson) {
    const { message } = JSON.parse(body.toString()) as { message?: unknown };
    if (typeof message !== 'string') throw new Error(`no message: ${where()}`);
  }
  if (status < 300 && isJson && target.startsWith(`${API_PREFIX}/`)) {
    try {
      requireShape(method, target.slice(API_PREFIX.length), JSON.parse(body.toString()));
    } catch (error) {
      throw new Error(`${error}: ${where()}`);
    }
  }
}
