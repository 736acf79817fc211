import { expect, test } from 'vitest';
import { ConfigError, parseConfig } from './config.ts';

test('nothing set gives the embedded default', () => {
  const config = parseConfig({});
  expect(config).toMatchObject({ host: '127.0.0.1', port: 3000, signup: 'invite', rateLimits: 'on', logLevel: 'info' });
  expect(config.publicUrl.href).toBe('http://localhost:3000/');
  expect([config.databaseUrl, config.redisUrl, config.s3, config.firstAdministrator]).toEqual(Array(4).fill(undefined));
});

test('the public URL follows the port', () => {
  expect(parseConfig({ PORT: '8080' }).publicUrl.origin).toBe('http://localhost:8080');
});

test('an empty value is the same as none', () => {
  expect(parseConfig({ PORT: '', DATABASE_URL: '', S3_BUCKET: '' })).toEqual(parseConfig({}));
});

test.each([
  [{ PORT: 'abc' }, /^PORT is a number, which "abc" is not/],
  [{ PORT: '70000' }, /^PORT is 65535 or less/],
  [{ SIGNUP: 'maybe' }, /^SIGNUP is one of open, invite, closed, which "maybe" is not/],
  [{ PUBLIC_URL: 'forge.example' }, /^PUBLIC_URL is a URL of the right kind/],
  [{ PUBLIC_URL: 'https://forge.example/git' }, /^PUBLIC_URL is a scheme and a host alone/],
  [{ REDIS_URL: 'http://cache' }, /^REDIS_URL is a URL of the right kind/],
  [{ S3_ENDPOINT: 'http://s3' }, /^S3_BUCKET is missing/],
  [{ S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'k' }, /go together/],
  [{ SSH_PORT: '0' }, /^SSH_PORT is 1 or more/],
  [{ SSH_HOST_KEY: 'key' }, /^SSH_PORT is missing/],
  [{ ADMIN_PASSWORD: 'long enough' }, /^ADMIN_USERNAME is missing/],
  [{ ADMIN_USERNAME: 'root' }, /needs ADMIN_PASSWORD/],
])('%j stops the start with a sentence that names the setting', (environment, sentence) => {
  expect(() => parseConfig(environment)).toThrow(ConfigError);
  expect(() => parseConfig(environment)).toThrow(sentence);
});

test('a secret is never quoted', () => {
  const environments = [{ ADMIN_USERNAME: 'a', ADMIN_PASSWORD: 'hunter2' }, { DATABASE_URL: 'mysql://u:hunter2@db' }];
  for (const environment of environments) {
    expect(() => parseConfig(environment)).toThrow(/^(?:(?!hunter2)[\s\S])*$/);
  }
});

test('a store that is not AWS is addressed by path unless told otherwise', () => {
  const s3 = { S3_BUCKET: 'b', S3_ENDPOINT: 'http://s3:7070' };
  expect(parseConfig(s3).s3?.forcePathStyle).toBe(true);
  expect(parseConfig({ ...s3, S3_FORCE_PATH_STYLE: 'false' }).s3?.forcePathStyle).toBe(false);
  expect(parseConfig({ S3_BUCKET: 'b' }).s3?.forcePathStyle).toBe(false);
  expect(parseConfig(s3).s3?.presign).toBe('on');
  expect(parseConfig({ ...s3, S3_PRESIGN: 'off' }).s3?.presign).toBe('off');
});

test('git over SSH is on where it has a port, and follows HTTP in what is not said', () => {
  expect(parseConfig({}).ssh).toBeUndefined();
  const plain = {
    host: '0.0.0.0',
    port: 2222,
    publicPort: 2222,
    hostKey: undefined,
    trustedCaKeys: undefined,
    proxyProtocol: 'off',
  };
  expect(parseConfig({ HOST: '0.0.0.0', SSH_PORT: '2222' }).ssh).toEqual(plain);
  const own = { SSH_HOST: '::1', SSH_PORT: '2222', SSH_PUBLIC_PORT: '22', SSH_HOST_KEY: 'key' };
  expect(parseConfig(own).ssh).toMatchObject({ host: '::1', port: 2222, publicPort: 22, hostKey: 'key' });
  expect(() => parseConfig({ SSH_TRUSTED_CA_KEYS: 'key' })).toThrow(/^SSH_PORT is missing/);
  const proxied = { SSH_PORT: '2222', SSH_PROXY_PROTOCOL: 'on' };
  expect(() => parseConfig(proxied)).toThrow(/TRUSTED_PROXIES names nobody/);
  expect(parseConfig({ ...proxied, TRUSTED_PROXIES: '10.0.0.1' }).ssh?.proxyProtocol).toBe('on');
});
