/** A repository that pushes go to, and what a client knows of it. */
import { readGitSettings, type StoredGitSettings } from '#repository/git-settings.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { generateRepository } from '../../differential/generated-repository.ts';
import type { ObjectModel } from '../../differential/object-model.ts';
import type { GitForge } from '../../support/git-forge.ts';
import { storeRepository } from './forge-client.ts';

/** Of different shapes: hidden refs, deleted history, tags of tags, SHA-256. */
const SEEDS = [5, 9, 21, 4];
const SETTINGS: readonly StoredGitSettings[] = [
  {},
  { 'receive.denyDeletes': true, 'limits.maxCommands': 3, 'receive.denyNonFastForwards': true },
  { 'receive.fsckObjects': false },
  { 'core.maxTreeDepth': 3, 'limits.maxRefName': 60, 'receive.advertiseAtomic': false },
];

export interface PushSubject {
  readonly name: string;
  readonly record: RepositoryRecord;
  /** Whether objects have to keep to git's rules. */
  readonly isChecked: boolean;
  readonly model: ObjectModel;
  /** Those that pushes see, as far as reports have told; hidden ones are not among them. */
  readonly refs: Map<string, string>;
  /** Of the objects that were there at first, hidden and deleted ones too. */
  readonly ids: readonly string[];
}

export async function openPushSubject(forge: GitForge, number: number): Promise<PushSubject> {
  const { model, refs, ...rest } = generateRepository(SEEDS[number % SEEDS.length] ?? 5);
  const name = `pushed-${number}`;
  const settings: StoredGitSettings = {
    'transfer.hideRefs': ['refs/hidden'],
    'receive.advertisePushOptions': true,
    'receive.advertisePushCert': true,
    ...SETTINGS[number % SETTINGS.length],
  };
  const record = await storeRepository(forge, name, { model, refs, ...rest }, settings);
  const visible = [...refs].filter(([ref]) => !ref.startsWith('refs/hidden/'));
  const isChecked = settings['receive.fsckObjects'] !== false;
  return {
    name,
    isChecked,
    record: { ...record, gitSettings: readGitSettings(settings) },
    model,
    refs: new Map(visible),
    ids: [...model.objects.keys()],
  };
}

/** Refs whose objects the model knows, and all that they lead to. */
export function visibleState({ model, refs }: PushSubject): { known: Map<string, string>; stored: Set<string> } {
  const known = new Map([...refs].filter(([, id]) => model.objects.has(id)));
  return { known, stored: model.closure(known.values()) };
}
