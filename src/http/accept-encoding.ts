/** The codings that a client names and does not weight 0 — RFC 9110, section 12.5.3 — in lower case. */
export function acceptedEncodings(acceptEncoding: string | undefined): ReadonlySet<string> {
  const named = (acceptEncoding ?? '').toLowerCase().split(',');
  const accepted = named.filter((part) => !REFUSED.test(part)).map((part) => part.split(';', 1)[0]?.trim() ?? '');
  return new Set(accepted);
}

const REFUSED = /;\s*q=0(?:\.0*)?\s*$/;
