/** The public keys of a user, one a line, as `authorized_keys` of a server takes them. */
import type { APIRoute } from 'astro';
import { notFound } from '#web/page-access.ts';

export const GET: APIRoute = async ({ locals, params }) => {
  const { accounts, sshKeys } = locals.services;
  const account = await accounts.find(params['login'] ?? '', locals.principal);
  if (account?.kind !== 'user') return notFound();
  const keys = await sshKeys.listUserKeys(account.accountId);
  const text = keys.map(({ publicKey }) => `${publicKey}\n`).join('');
  return new Response(text, { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
};
