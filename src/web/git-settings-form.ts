/** The forms of a repository's git settings, one for each group: every setting is a field of its name, and an empty one is not set. */
import type { GitSettingChanges, GitSettingGroup, ListedGitSetting } from '#repository/git-setting-list.ts';
import type { FormFields } from './form.ts';
import { formatCount, formatSize } from './view-models/quantity.ts';

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
export function defaultText({ kind, default: byDefault, unit }: ListedGitSetting): string {
  if (kind === 'flag') return byDefault === true ? 'on' : 'off';
  return kind === 'count' ? quantity(Number(byDefault), unit) : 'none';
}

/** What a count may be. @returns undefined for other kinds */
export function rangeText({ kind, min = 0, max, unit }: ListedGitSetting): string | undefined {
  if (kind !== 'count' || max === undefined) return undefined;
  const suffixes = unit === 'bytes' ? '; 512k, 10m and 1g will do' : '';
  return `${formatCount(min)} to ${quantity(max, unit)}${suffixes}`;
}

function quantity(count: number, unit: ListedGitSetting['unit']): string {
  const exact = formatCount(count);
  return unit === 'bytes' ? `${exact} bytes (${formatSize(count)})` : exact;
}

/** The names of those that are not as they come. */
export function changedSettings(group: GitSettingGroup): string[] {
  return group.settings.filter(({ isSet }) => isSet).map(({ name }) => name);
}

/**
 * @returns the changes of one group; what cannot be read is left to the catalogue to refuse. The button that resets a setting, or all
 * of the group, changes nothing else
 */
export function readGitSettingsForm(group: GitSettingGroup, form: FormFields): GitSettingChanges {
  const reset = form.text('reset');
  if (reset === '')
    return Object.fromEntries(group.settings.map(({ name, kind }) => [name, readValue(kind, form.text(name))]));
  const names = group.settings.map(({ name }) => name).filter((name) => reset === '*' || reset === name);
  return Object.fromEntries(names.map((name) => [name, null]));
}

/** As git reads numbers in its configuration: git-config(1), "integer". */
const COUNT = /^(?<digits>\d+)(?<factor>[kmg])?$/i;
const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

function readCount(text: string): unknown {
  const { digits, factor = '' } = COUNT.exec(text)?.groups ?? {};
  return digits === undefined ? text : Number(digits) * (FACTORS[factor.toLowerCase()] ?? 1);
}

function readValue(kind: ListedGitSetting['kind'], text: string): unknown {
  if (text === '') return null;
  switch (kind) {
    case 'flag':
      return text === 'true' || (text === 'false' ? false : text);
    case 'count':
      return readCount(text);
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
