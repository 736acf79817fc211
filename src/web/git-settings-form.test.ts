import { describe, expect, it } from 'vitest';
import { findGitSettingFaults, type GitSettingGroup, listGitSettings } from '#repository/git-setting-list.ts';
import type { StoredGitSettings } from '#repository/git-settings.ts';
import { FormFields } from './form.ts';
import { readGitSettingsForm, settingText } from './git-settings-form.ts';

/** What the form of each group sends when nobody changed it. */
function sendBack(stored: StoredGitSettings) {
  const groups = listGitSettings(stored);
  const fields = groups.flatMap(({ settings }) => settings.map((setting) => [setting.name, settingText(setting)]));
  const form = new FormFields(new URLSearchParams(fields));
  return Object.assign({}, ...groups.map((group) => readGitSettingsForm(group, form)));
}

function groupOf(name: string): GitSettingGroup {
  const group = listGitSettings({}).find(({ settings }) => settings.some((setting) => setting.name === name));
  if (!group) throw new Error('no such setting');
  return group;
}

describe('the forms of git settings', () => {
  it.each([
    {},
    {
      'http.uploadpack': false,
      'receive.denyDeletes': true,
      'limits.maxCommands': 7,
      'transfer.hideRefs': ['refs/internal', '!refs/internal/shown'],
      'receive.fsck': { missingEmail: 'warn', zeroPaddedFilemode: 'ignore' },
    },
  ])('send back what they show: %j', (stored) => {
    const changes = sendBack(stored);
    expect(findGitSettingFaults(changes)).toEqual([]);
    expect(Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== null))).toEqual(stored);
  });

  it.each([
    ['limits.maxCommands', 'many'],
    ['limits.maxCommands', '1e3'],
    ['http.uploadpack', 'maybe'],
    ['receive.fsck', 'missingEmail'],
    ['receive.fsck', 'noSuchMessage = warn'],
  ])('leave it to the catalogue to refuse %s: %s', (name, text) => {
    const changes = readGitSettingsForm(groupOf(name), new FormFields(new URLSearchParams([[name, text]])));
    expect(findGitSettingFaults(changes).map((fault) => fault.name)).toEqual([name]);
  });

  it.each([
    ['7', 7],
    ['512k', 524_288],
    ['10M', 10_485_760],
    ['1g', 1_073_741_824],
    ['1t', '1t'],
    ['k', 'k'],
  ])('read numbers as git does: %s', (text, value) => {
    const form = new FormFields(new URLSearchParams([['limits.maxObjectSize', text]]));
    expect(readGitSettingsForm(groupOf('limits.maxObjectSize'), form)['limits.maxObjectSize']).toBe(value);
  });

  it('reset one setting, or all of the group, and change nothing else', () => {
    const group = groupOf('receive.denyDeletes');
    const sent = (reset: string) =>
      new FormFields(
        new URLSearchParams([
          ['receive.denyNonFastForwards', 'true'],
          ['reset', reset],
        ]),
      );
    expect(readGitSettingsForm(group, sent('receive.denyDeletes'))).toEqual({ 'receive.denyDeletes': null });
    const all = readGitSettingsForm(group, sent('*'));
    expect(Object.keys(all)).toEqual(group.settings.map(({ name }) => name));
    expect(new Set(Object.values(all))).toEqual(new Set([null]));
    expect(readGitSettingsForm(group, sent('http.uploadpack'))).toEqual({});
  });
});
