/** The forms of a repository's git settings, one for each group: every setting is a field of its name, and an empty one is not set. */
import type { GitSettingChanges, GitSettingGroup, ListedGitSetting } from '#repository/git-setting-list.ts';
import type { FormFields } from './form.ts';

/** What a field shows: the text of what was set. */
export function settingText({ kind, value, isSet }: ListedGitSetting): string {
  if (!isSet) return '';
  switch (kind) {
    case 'flag':
    case 'count':
      return String(value);
    case 'list':
      return (value as readonly string[]).join('\n');
    case 'severities':
      return Object.entries(value as Readonly<Record<string, string>>)
        .map(([id, severity]) => `${id} = ${severity}`)
        .join('\n');
  }
}

/** What counts where the field is empty. */
export function defaultText({ kind, default: byDefault }: ListedGitSetting): string {
  if (kind === 'flag') return byDefault === true ? 'on' : 'off';
  return kind === 'count' ? String(byDefault) : 'none';
}

/** @returns the changes of one group; what cannot be read is left to the catalogue to refuse */
export function readGitSettingsForm(group: GitSettingGroup, form: FormFields): GitSettingChanges {
  return Object.fromEntries(group.settings.map(({ name, kind }) => [name, readValue(kind, form.text(name))]));
}

function readValue(kind: ListedGitSetting['kind'], text: string): unknown {
  if (text === '') return null;
  switch (kind) {
    case 'flag':
      return text === 'true' || (text === 'false' ? false : text);
    case 'count':
      return /^\d+$/.test(text) ? Number(text) : text;
    case 'list':
      return lines(text);
    case 'severities':
      return Object.fromEntries(lines(text).map(readSeverity));
  }
}

function lines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function readSeverity(line: string): [id: string, severity: string] {
  const [id = '', severity = ''] = line.split('=').map((part) => part.trim());
  return [id, severity];
}
