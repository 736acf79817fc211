import { describe, expect, test } from 'vitest';
import type { AccessRequest, AccountFacts, Decision, RepositoryFacts } from './permission.ts';
import { decideAccess, readableRepositories } from './policy.ts';
import { ANONYMOUS, type Principal } from './principal.ts';
import { SCOPES, type Scope } from './scope.ts';

/**
 * What each credential of each role gets, as the status that a door would answer; `scope` is a 403 that names the scope
 * missing. Written by hand from docs/decisions/021 and 022, not from the code.
 *
 * Columns: a stranger, the user who owns it, a member of the organization that owns it, an owner of that organization, a site
 * administrator who has nothing to do with it.
 */
const REPOSITORY_ROWS = `
read    public   session                  200 200   200   200   200
read    public   password                 200 200   200   200   200
read    public   -                        200 200   200   200   200
read    public   repo                     200 200   200   200   200
read    public   delete_repo              200 200   200   200   200
read    public   site_admin               200 200   200   200   200
read    private  session                  404 200   200   200   200
read    private  password                 404 200   200   200   200
read    private  -                        404 404   404   404   404
read    private  public_repo              404 404   404   404   404
read    private  repo                     404 200   200   200   404
read    private  delete_repo              404 404   404   404   404
read    private  admin:org,user           404 404   404   404   404
read    private  site_admin               404 404   404   404   404
read    private  repo,site_admin          404 200   200   200   200
read    private  every                    404 200   200   200   200
write   public   session                  403 200   200   200   200
write   public   password                 403 200   200   200   200
write   public   -                        403 scope scope scope 403
write   public   public_repo              403 200   200   200   403
write   public   repo                     403 200   200   200   403
write   public   delete_repo              403 scope scope scope 403
write   public   admin:org,user           403 scope scope scope 403
write   public   site_admin               403 scope scope scope scope
write   public   every                    403 200   200   200   200
write   private  session                  404 200   200   200   200
write   private  password                 404 200   200   200   200
write   private  -                        404 404   404   404   404
write   private  public_repo              404 404   404   404   404
write   private  repo                     404 200   200   200   404
write   private  delete_repo              404 404   404   404   404
write   private  site_admin               404 404   404   404   404
write   private  every                    404 200   200   200   200
admin   public   session                  403 200   403   200   200
admin   public   password                 403 200   403   200   200
admin   public   -                        403 scope 403   scope 403
admin   public   public_repo              403 200   403   200   403
admin   public   repo                     403 200   403   200   403
admin   public   delete_repo              403 scope 403   scope 403
admin   public   site_admin               403 scope 403   scope scope
admin   public   every                    403 200   403   200   200
admin   private  session                  404 200   403   200   200
admin   private  -                        404 404   404   404   404
admin   private  public_repo              404 404   404   404   404
admin   private  repo                     404 200   403   200   404
admin   private  site_admin               404 404   404   404   404
admin   private  every                    404 200   403   200   200
delete  public   session                  403 200   403   200   200
delete  public   -                        403 scope 403   scope 403
delete  public   public_repo              403 scope 403   scope 403
delete  public   repo                     403 scope 403   scope 403
delete  public   delete_repo              403 200   403   200   403
delete  public   site_admin               403 scope 403   scope scope
delete  public   every                    403 200   403   200   200
delete  private  session                  404 200   403   200   200
delete  private  -                        404 404   404   404   404
delete  private  repo                     404 scope 403   scope 404
delete  private  delete_repo              404 404   404   404   404
delete  private  repo,delete_repo         404 200   403   200   404
delete  private  every                    404 200   403   200   200
`;

const ROLES = ['stranger', 'user-owner', 'member', 'organization-owner', 'site-administrator'] as const;
type Role = (typeof ROLES)[number];

const USER_ID = 7;

describe('every action on a repository, by role, credential and visibility', () => {
  for (const row of REPOSITORY_ROWS.trim().split('\n')) {
    const [verb = '', visibility = '', credential = '', ...expected] = row.split(/\s+/);
    for (const [index, role] of ROLES.entries()) {
      test(`${verb} ${visibility}: ${role} by ${credential} gets ${expected[index]}`, () => {
        for (const facts of factsFor(role, visibility as 'public' | 'private')) {
          const request = { action: `repository:${verb}`, repository: facts } as AccessRequest;
          expect(statusOf(decideAccess(principalFor(role, credential), request))).toBe(expected[index]);
        }
      });
    }
  }

  test.each([
    ['read', 'public', '200'],
    ['write', 'public', '401'],
    ['admin', 'public', '401'],
    ['delete', 'public', '401'],
    ['read', 'private', '404'],
    ['write', 'private', '404'],
    ['admin', 'private', '404'],
    ['delete', 'private', '404'],
  ] as const)('%s %s: nobody in particular gets %s', (verb, visibility, expected) => {
    for (const facts of factsFor('stranger', visibility)) {
      const request: AccessRequest = { action: `repository:${verb}`, repository: facts };
      expect(statusOf(decideAccess(ANONYMOUS, request))).toBe(expected);
    }
  });
});

describe('an archived repository', () => {
  const archived = { ...repository('public'), archived: true };

  test('is read, administered and deleted, but not written', () => {
    const decide = (verb: 'read' | 'write' | 'admin' | 'delete') =>
      statusOf(decideAccess(user('session'), { action: `repository:${verb}`, repository: archived }));
    expect([decide('read'), decide('write'), decide('admin'), decide('delete')]).toEqual(['200', '403', '200', '200']);
  });

  test('says so to whoever could write it otherwise', () => {
    const decision = decideAccess(user('session'), { action: 'repository:write', repository: archived });
    expect(decision).toEqual({ kind: 'forbidden', reason: expect.stringContaining('archived') });
  });
});

/** Columns: nobody in particular, an unrelated user, the user itself or a member, an owner, a site administrator. */
const ACCOUNT_ROWS = `
create-public   organization  session      401 403 200   200   200
create-public   organization  -            401 403 scope scope 403
create-public   organization  public_repo  401 403 200   200   403
create-public   organization  site_admin   401 403 scope scope scope
create-public   user          session      401 403 200   200   200
create-public   user          public_repo  401 403 200   200   403
create-private  organization  session      401 403 200   200   200
create-private  organization  public_repo  401 403 scope scope 403
create-private  organization  repo         401 403 200   200   403
create-private  user          repo         401 403 200   200   403
create-private  user          public_repo  401 403 scope scope 403
create-private  user          every        401 403 200   200   200
admin           organization  session      401 403 403   200   200
admin           organization  -            401 403 403   scope 403
admin           organization  write:org    401 403 403   scope 403
admin           organization  admin:org    401 403 403   200   403
admin           organization  every        401 403 403   200   200
admin           user          session      401 403 200   200   200
admin           user          read:user    401 403 scope scope 403
admin           user          user         401 403 200   200   403
`;

describe('every action on an account', () => {
  for (const row of ACCOUNT_ROWS.trim().split('\n')) {
    const [verb = '', kind = '', credential = '', ...expected] = row.split(/\s+/);
    test(row, () => {
      const asked = (membershipRole: 'owner' | 'member' | undefined, own: boolean): AccessRequest =>
        accountRequest(verb, account(kind as 'user' | 'organization', membershipRole, own));
      const got = [
        decideAccess(ANONYMOUS, asked(undefined, false)),
        decideAccess(user(credential), asked(undefined, false)),
        decideAccess(user(credential), asked('member', true)),
        decideAccess(user(credential), asked('owner', true)),
        decideAccess(user(credential, true), asked(undefined, false)),
      ];
      expect(got.map(statusOf)).toEqual(expected);
    });
  }
});

describe('what is about the user or the site alone', () => {
  test.each([
    ['self:read', 'session', '200'],
    ['self:read', '-', '200'],
    ['self:read-email', 'session', '200'],
    ['self:read-email', '-', 'scope'],
    ['self:read-email', 'read:user', 'scope'],
    ['self:read-email', 'user:email', '200'],
    ['self:read-email', 'user', '200'],
    ['self:read-keys', 'session', '200'],
    ['self:read-keys', 'repo', 'scope'],
    ['self:read-keys', 'read:public_key', '200'],
    ['self:read-keys', 'admin:public_key', '200'],
    ['self:add-keys', 'session', '200'],
    ['self:add-keys', 'read:public_key', 'scope'],
    ['self:add-keys', 'write:public_key', '200'],
    ['self:remove-keys', 'session', '200'],
    ['self:remove-keys', 'write:public_key', 'scope'],
    ['self:remove-keys', 'admin:public_key', '200'],
    ['self:manage-account', 'password', '200'],
    ['self:manage-account', 'read:user', 'scope'],
    ['self:manage-account', 'user', '200'],
    ['self:manage-tokens', 'session', '200'],
    ['self:manage-tokens', 'password', '200'],
    ['self:manage-tokens', 'every', '403'],
    ['site:admin', 'session', '403'],
    ['site:admin', 'every', '403'],
  ] as const)('%s by %s gets %s', (action, credential, expected) => {
    expect(statusOf(decideAccess(user(credential), { action }))).toBe(expected);
    expect(statusOf(decideAccess(ANONYMOUS, { action }))).toBe('401');
  });

  test('a site administrator by session administers the site; by token only with the scope', () => {
    const decide = (credential: string) => statusOf(decideAccess(user(credential, true), { action: 'site:admin' }));
    expect([decide('session'), decide('site_admin'), decide('repo'), decide('every')]).toEqual([
      '200',
      '200',
      'scope',
      '200',
    ]);
  });
});

describe('what lists may hold', () => {
  test.each([
    [user('session'), 'own-and-public'],
    [user('repo'), 'own-and-public'],
    [user('public_repo'), 'public'],
    [user('session', true), 'all'],
    [user('repo', true), 'own-and-public'],
    [user('site_admin', true), 'public'],
    [ANONYMOUS, 'public'],
  ] as const)('%o: %s', (principal, expected) => {
    expect(readableRepositories(principal)).toBe(expected);
  });
});

function factsFor(role: Role, visibility: 'public' | 'private'): RepositoryFacts[] {
  const usersOwn = repository(visibility);
  const organizations = { ...usersOwn, ownerKind: 'organization', ownerId: 50 } as const;
  const others = { ...usersOwn, ownerId: 60 };
  switch (role) {
    case 'user-owner':
      return [usersOwn];
    case 'member':
      return [{ ...organizations, membershipRole: 'member' }];
    case 'organization-owner':
      return [{ ...organizations, membershipRole: 'owner' }];
    case 'stranger':
    case 'site-administrator':
      return [others, organizations];
  }
}

function repository(visibility: 'public' | 'private'): RepositoryFacts {
  return { id: 1, visibility, archived: false, ownerId: USER_ID, ownerKind: 'user', membershipRole: undefined };
}

function account(
  kind: 'user' | 'organization',
  membershipRole: 'owner' | 'member' | undefined,
  own: boolean,
): AccountFacts {
  if (kind === 'organization') return { kind, accountId: 50, membershipRole };
  return { kind, accountId: own ? USER_ID : 60, membershipRole: undefined };
}

function accountRequest(verb: string, facts: AccountFacts): AccessRequest {
  if (verb === 'admin') return { action: 'account:admin', account: facts };
  return {
    action: 'account:create-repository',
    account: facts,
    visibility: verb === 'create-public' ? 'public' : 'private',
  };
}

function principalFor(role: Role, credential: string): Principal {
  return user(credential, role === 'site-administrator');
}

function user(credential: string, siteAdmin = false): Principal {
  return { kind: 'user', userId: USER_ID, login: 'ada', siteAdmin, credential: credentialOf(credential) };
}

function credentialOf(text: string) {
  if (text === 'session') return { kind: 'session', sessionId: 'hash' } as const;
  if (text === 'password') return { kind: 'password' } as const;
  const scopes = text === 'every' ? SCOPES : text === '-' ? [] : (text.split(',') as Scope[]);
  return { kind: 'token', tokenId: 1, scopes } as const;
}

function statusOf(decision: Decision): string {
  switch (decision.kind) {
    case 'allow':
      return '200';
    case 'unauthenticated':
      return '401';
    case 'hidden':
      return '404';
    case 'forbidden':
      return '403';
    case 'scope-missing':
      return decision.visible ? 'scope' : '404';
  }
}
