import { expect, test } from 'vitest';
import { createLog, redactUrls } from './log.ts';

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  let text = '';
  write(
    createLog('trace', {
      write: (line) => {
        text += line;
      },
    }),
  );
  return text;
}

test('writes one JSON object a line with level, time and message', () => {
  const line = JSON.parse(logged((log) => log.info({ requestId: 'r1' }, 'hello')));
  expect(line).toMatchObject({ level: 'info', msg: 'hello', requestId: 'r1' });
  expect(new Date(line.time).toISOString()).toBe(line.time);
});

test.each([
  [{ headers: { authorization: 's3cret', cookie: 's3cret', 'set-cookie': ['s3cret'] } }],
  [{ request: { headers: { authorization: 's3cret' } } }],
  [{ password: 's3cret', user: { token: 's3cret' }, s3: { credentials: { secretAccessKey: 's3cret' } } }],
  [{ err: new Error('connect postgres://forge:s3cret@db/forge', { cause: new Error('redis://:s3cret@cache') }) }],
])('hides the secret in %j', (fields) => {
  const text = logged((log) => log.error(fields, 'request'));
  expect(text).not.toContain('s3cret');
  expect(text).toContain('[redacted]');
});

test('hides the secret in a message', () => {
  expect(logged((log) => log.info('cannot reach https://user:s3cret@host/x.git'))).not.toContain('s3cret');
});

test('redactUrls keeps everything but the secrets', () => {
  expect(redactUrls('GET /a?page=2&access_token=abc&x=1')).toBe('GET /a?page=2&access_token=[redacted]&x=1');
  expect(redactUrls('mail to a@b.c at https://b.c/x')).toBe('mail to a@b.c at https://b.c/x');
});
