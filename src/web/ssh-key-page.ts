/**
 * What a page of SSH keys does, whoever has them: a key is added or removed by a form, and the page comes again. A user's keys and a
 * repository's deploy keys differ in the ring that their pages hand in.
 */
import type { AddSshKeyOutcome, NewSshKey } from '#auth/ssh-key-store.ts';
import { type FormFields, readForm } from './form.ts';
import type { PageContext } from './page-access.ts';
import { keyFormErrors, type SshKeyItem } from './view-models/ssh-key.ts';

/** The keys of one holder. */
export interface KeyRing {
  list(): Promise<SshKeyItem[]>;
  add(key: NewSshKey, form: FormFields): Promise<AddSshKeyOutcome<unknown>>;
  /** @param keyId any number: it comes from a form */
  remove(keyId: number): Promise<unknown>;
  /** @returns the answer to give instead, when the policy forbids it; the page's own question was enough when absent */
  refuse?(change: 'add' | 'remove'): Promise<Response | undefined>;
}

export interface KeyPage {
  /** Of the page itself, where its forms go. */
  readonly path: string;
  readonly keys: readonly SshKeyItem[];
  /** What was typed, when it comes back with what is wrong with it. */
  readonly typed: FormFields | undefined;
  readonly errors: Readonly<Record<string, string>>;
  /** What has just happened. */
  readonly done: 'added' | 'removed' | undefined;
}

interface KeyPageContext extends PageContext {
  readonly request: Request;
  readonly url: URL;
  readonly response: { status?: number };
}

/** @returns the answer to give instead of the page, or what it shows */
export async function openKeyPage(page: KeyPageContext, path: string, ring: KeyRing): Promise<KeyPage | Response> {
  if (page.request.method !== 'POST') {
    const done = doneOf(page.url.searchParams.get('done'));
    return { path, keys: await ring.list(), typed: undefined, errors: {}, done };
  }
  const form = await readForm(page.request);
  const change = form.text('action') === 'remove' ? 'remove' : 'add';
  const refusal = await ring.refuse?.(change);
  if (refusal !== undefined) return refusal;
  if (change === 'remove') {
    await ring.remove(Number(form.text('id')));
    return page.redirect(`${path}?done=removed`, 303);
  }
  const outcome = await ring.add({ title: form.text('title'), line: form.text('key') }, form);
  if (outcome.kind === 'added') return page.redirect(`${path}?done=added`, 303);
  const keys = await ring.list();
  page.response.status = 422;
  return { path, keys, typed: form, errors: keyFormErrors(outcome, form.text('key'), keys), done: undefined };
}

function doneOf(text: string | null): KeyPage['done'] {
  return text === 'added' || text === 'removed' ? text : undefined;
}
