import { describe, expect, it } from 'vitest';
import { findGitSettingFaults, listGitSettings } from '#repository/git-setting-list.ts';
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
    const group = listGitSettings({}).find(({ settings }) => settings.some((setting) => setting.name === name));
    if (!group) throw new Error('no such setting');
    const changes = readGitSettingsForm(group, new FormFields(new URLSearchParams([[name, text]])));
    expect(findGitSettingFaults(changes).map((fault) => fault.name)).toEqual([name]);
  });
});
