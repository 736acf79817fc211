/** Headers that every answer carries unless its author says otherwise. */
import type { ServerResponse } from 'node:http';

/**
 * The strictest policy: for bytes that are not a page of ours. Pages replace it by the one that Astro makes, which allows
 * exactly their own scripts and styles.
 */
const NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

export function setSecurityHeaders(response: ServerResponse, publicUrl: URL): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'strict-origin-when-cross-origin');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Content-Security-Policy', NO_CONTENT_POLICY);
  if (publicUrl.protocol === 'https:') response.setHeader('Strict-Transport-Security', 'max-age=31536000');
}
