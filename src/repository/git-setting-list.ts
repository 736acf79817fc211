/**
 * The settings of a repository as people see and change them: in groups, each with its value, what it would be otherwise, and what
 * it does. The settings themselves are in `git-settings.ts`.
 */
import {
  findGitSettingFault,
  GIT_SETTINGS,
  type GitSettingDefinition,
  type GitSettingKind,
  type GitSettingName,
  isGitSettingSet,
  readGitSettings,
  type StoredGitSettings,
  unsetValue,
} from './git-settings.ts';

export interface ListedGitSetting {
  readonly name: GitSettingName;
  readonly kind: GitSettingKind;
  readonly about: string;
  /** What counts: what was set, or else the default. */
  readonly value: unknown;
  readonly default: unknown;
  readonly isSet: boolean;
  /** Of a count. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** What a count counts, where that is not plain from `about`. */
  readonly unit: 'bytes' | undefined;
}

export interface GitSettingGroup {
  /** For addresses and forms. */
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly settings: readonly ListedGitSetting[];
}

/** By the beginnings of names: a setting belongs to the first group that has one it begins with. */
const GROUPS: readonly (Omit<GitSettingGroup, 'settings'> & { readonly prefixes: readonly string[] })[] = [
  {
    id: 'http',
    title: 'Access over HTTP',
    about: 'What may be done over HTTP at all.',
    prefixes: ['http.'],
  },
  {
    id: 'hidden',
    title: 'Hidden refs',
    about: 'Branches, tags and other refs that clients do not learn of.',
    prefixes: ['transfer.hideRefs', 'uploadpack.hideRefs', 'receive.hideRefs'],
  },
  {
    id: 'partial',
    title: 'Partial clones',
    about: 'Clones that leave objects out until they are needed.',
    prefixes: ['uploadpack.allowFilter', 'uploadpackfilter.'],
  },
  {
    id: 'fetch',
    title: 'Clones and fetches',
    about: 'What clients may ask for, and what they are offered.',
    prefixes: ['uploadpack.', 'uploadarchive.', 'transfer.'],
  },
  {
    id: 'check',
    title: 'Checks',
    about: 'What pushed objects have to be like.',
    prefixes: ['receive.fsck'],
  },
  {
    id: 'push',
    title: 'Pushes',
    about: 'What may be pushed, and how.',
    prefixes: ['receive.'],
  },
  {
    id: 'limits',
    title: 'Limits',
    about: 'The bounds of this site can be lowered for one repository, not raised.',
    prefixes: ['core.', 'limits.'],
  },
];

export function listGitSettings(stored: StoredGitSettings): GitSettingGroup[] {
  const values = readGitSettings(stored);
  const all = (Object.keys(GIT_SETTINGS) as GitSettingName[]).map((name) => listed(name, values[name], stored));
  return GROUPS.map(({ prefixes: _, ...group }) => ({
    ...group,
    settings: all.filter(({ name }) => groupOf(name) === group.id),
  }));
}

function listed(name: GitSettingName, value: unknown, stored: StoredGitSettings): ListedGitSetting {
  const { kind, about, min, max, unit }: Omit<GitSettingDefinition, 'default'> = GIT_SETTINGS[name];
  const isSet = isGitSettingSet(name, stored);
  return { name, kind, about, value, default: unsetValue(name, stored), isSet, min, max, unit };
}

function groupOf(name: string): string | undefined {
  return GROUPS.find(({ prefixes }) => prefixes.some((prefix) => name.startsWith(prefix)))?.id;
}

/** By the names of settings; null goes back to the default. */
export type GitSettingChanges = Readonly<Record<string, unknown>>;

/** `reason` is a sentence for people. */
export interface GitSettingFault {
  readonly name: string;
  readonly reason: string;
}

export function findGitSettingFaults(changes: GitSettingChanges): GitSettingFault[] {
  return Object.entries(changes).flatMap(([name, value]) => {
    const reason = faultOf(name, value);
    return reason === undefined ? [] : [{ name, reason }];
  });
}

function faultOf(name: string, value: unknown): string | undefined {
  if (!Object.hasOwn(GIT_SETTINGS, name)) return `There is no setting "${name}".`;
  return value === null ? undefined : findGitSettingFault(name as GitSettingName, value);
}

/** @param changes without faults @returns what is stored from then on */
export function applyGitSettings(stored: StoredGitSettings, changes: GitSettingChanges): StoredGitSettings {
  const merged = { ...stored, ...changes };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null && value !== undefined));
}
