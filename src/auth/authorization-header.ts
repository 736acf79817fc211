/** Reads an Authorization header in the forms that GitHub's clients send: Basic, Bearer and `token`. */

/** What a header claims; whether it is true is for `authenticate.ts`. */
export type PresentedCredential =
  | { readonly kind: 'token'; readonly secret: string }
  /** The password may be a token: `git` asks for a user name and a password, and takes either. */
  | { readonly kind: 'password-or-token'; readonly name: string; readonly secret: string }
  | { readonly kind: 'malformed' };

/** In place of a password these say that the name is the token. */
const TOKEN_AS_NAME = 'x-oauth-basic';

export function parseAuthorization(header: string): PresentedCredential {
  const [, scheme = '', value = ''] = /^\s*([A-Za-z]+)\s+(\S+)\s*$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
    case 'token':
      return { kind: 'token', secret: value };
    case 'basic':
      return parseBasic(value);
    default:
      return { kind: 'malformed' };
  }
}

/** RFC 7617, section 2: base64 of `name:password`, where only the name cannot hold a colon; read as UTF-8. */
function parseBasic(encoded: string): PresentedCredential {
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colonOffset = text.indexOf(':');
  if (colonOffset === -1) return { kind: 'malformed' };
  const name = text.slice(0, colonOffset);
  const password = text.slice(colonOffset + 1);
  // GitHub's clients put the token in either place: `<token>:x-oauth-basic`, `<token>:`, `x-access-token:<token>`.
  if (password === TOKEN_AS_NAME || password === '') return { kind: 'token', secret: name };
  return { kind: 'password-or-token', name, secret: password };
}
