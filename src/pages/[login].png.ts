/** `avatar_url` of the API leads here. The same picture for everybody, so whoever lies between may keep it. */
import type { APIRoute } from 'astro';
import { avatarPng } from '#web/avatar.ts';
import { notFound } from '#web/page-access.ts';

export const GET: APIRoute = async ({ locals, params }) => {
  const account = await locals.services.accounts.find(params['login'] ?? '', locals.principal);
  if (account === undefined) return notFound();
  const headers = { 'Content-Type': 'image/png', 'Cache-Control': 'public, max-age=86400', Vary: 'Accept-Encoding' };
  return new Response(avatarPng(account.login), { headers });
};
