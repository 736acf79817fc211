import { describe, expect, it } from 'vitest';
import { baseUrlsFor, encodePath } from './hypermedia.ts';

const apiFor = (publicUrl: string, host: string | undefined) =>
  baseUrlsFor({ publicUrl: new URL(publicUrl), sshPort: undefined }, host).api;

describe('baseUrlsFor', () => {
  it('is PUBLIC_URL where one is configured, whatever the Host header says', () => {
    for (const host of [undefined, 'forge.example', 'evil.example', 'localhost:3000']) {
      expect(apiFor('https://forge.example', host)).toBe('https://forge.example/api/v3');
    }
  });

  it('keeps the path of PUBLIC_URL', () => {
    expect(apiFor('https://forge.example/git/', 'x')).toBe('https://forge.example/git/api/v3');
  });

  it.each(['localhost:3000', '127.0.0.1:41234', '[::1]:3000', 'github.localhost'])(
    'follows the loopback host %s',
    (host) => {
      expect(apiFor('http://localhost:3000', host)).toBe(`http://${host}/api/v3`);
    },
  );

  it.each(['evil.example', 'localhost:3000@evil.example', 'localhost:3000/x', 'localhost:99999', ''])(
    'does not follow the host %j from a loopback address',
    (host) => {
      expect(apiFor('http://localhost:3000', host)).toBe('http://localhost:3000/api/v3');
    },
  );
});

it('encodes what a path may not hold, segment by segment', () => {
  expect(encodePath('feature/a b?#%')).toBe('feature/a%20b%3F%23%25');
});
