/** What the forms on a repository's settings page do. */
import type { RepositoryChanges } from '#repository/repository-catalog.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { FormFields } from './form.ts';
import { notFound, type PageContext, refuseUnlessAllowed } from './page-access.ts';
import { repositoryUrl } from './view-models/repository-links.ts';

/** By the name of the field that is wrong. */
export type FormErrors = Readonly<Record<string, string>>;

/** What the page says after a redirect, by its `?done=`. */
export const SETTING_DONE: Readonly<Record<string, string>> = {
  saved: 'Saved.',
  branch: 'The default branch is changed.',
  public: 'Everybody can read this repository now.',
  private: 'This repository is private now.',
  archived: 'This repository is read-only now.',
  unarchived: 'This repository takes pushes again.',
};

/** @returns the page to go on to, or what is wrong with the form */
export async function changeRepository(
  page: PageContext,
  repository: RepositoryRecord,
  form: FormFields,
): Promise<Response | FormErrors> {
  switch (form.text('action')) {
    case 'describe':
      return update(page, repository, describedChanges(form), 'saved');
    case 'default-branch':
      return changeDefaultBranch(page, repository, form.text('branch'));
    case 'make-public':
      return update(page, repository, { visibility: 'public' }, 'public');
    case 'make-private':
      return update(page, repository, { visibility: 'private' }, 'private');
    case 'archive':
      return update(page, repository, { archived: true }, 'archived');
    case 'unarchive':
      return update(page, repository, { archived: false }, 'unarchived');
    case 'delete':
      return deleteRepository(page, repository, form.text('confirmation'));
    default:
      return {};
  }
}

function describedChanges(form: FormFields): RepositoryChanges {
  return { name: form.text('name'), description: form.text('description'), homepage: form.text('homepage') };
}

async function update(
  page: PageContext,
  repository: RepositoryRecord,
  changes: RepositoryChanges,
  done: string,
): Promise<Response | FormErrors> {
  const { catalog } = page.locals.services;
  const outcome = await catalog.update(page.locals.principal, repository.id, changes);
  switch (outcome.kind) {
    case 'updated':
      return toSettings(page, outcome.repository, done);
    case 'name-taken':
      return { name: `${repository.ownerLogin} has a repository of this name already.` };
    case 'gone':
      return notFound();
    case 'invalid':
      return { [outcome.field]: outcome.reason };
  }
}

async function changeDefaultBranch(
  page: PageContext,
  repository: RepositoryRecord,
  branch: string,
): Promise<Response | FormErrors> {
  const { engine } = page.locals.services;
  const refName = `refs/heads/${branch}`;
  const { refs } = await engine.snapshot(repository.id);
  if (refs.find(refName) === undefined) return { branch: 'There is no branch of this name.' };
  await engine.setHead(repository.id, refName);
  return toSettings(page, repository, 'branch');
}

async function deleteRepository(
  page: PageContext,
  repository: RepositoryRecord,
  confirmation: string,
): Promise<Response | FormErrors> {
  const fullName = `${repository.ownerLogin}/${repository.name}`;
  if (confirmation !== fullName) return { confirmation: `This is not ${fullName}.` };
  const refusal = await refuseUnlessAllowed(page, { action: 'repository:delete', repository });
  if (refusal !== undefined) return refusal;
  await page.locals.services.catalog.delete(repository.id);
  return page.redirect(`/${encodeURIComponent(repository.ownerLogin)}`, 303);
}

function toSettings(page: PageContext, repository: RepositoryRecord, done: string): Response {
  const home = repositoryUrl({ owner: repository.ownerLogin, name: repository.name });
  return page.redirect(`${home}/settings?done=${done}`, 303);
}
