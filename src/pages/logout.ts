/** Ends the session. By POST alone, so that no link or image can sign anybody out. */
import type { APIRoute } from 'astro';

export const POST: APIRoute = async ({ locals }) => {
  const { principal, services } = locals;
  if (principal.kind === 'user' && principal.credential.kind === 'session') {
    await services.sessions.end(principal.credential.sessionId);
  }
  const headers = { Location: '/', 'Set-Cookie': services.sessions.clearingCookie() };
  return new Response(null, { status: 303, headers });
};
