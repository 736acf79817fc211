import { describe, expect, it } from 'vitest';
import { applyGitSettings, findGitSettingFaults, listGitSettings } from './git-setting-list.ts';
import { GIT_SETTINGS } from './git-settings.ts';

describe('listGitSettings', () => {
  it('has every setting in one group', () => {
    const names = listGitSettings({}).flatMap(({ settings }) => settings.map(({ name }) => name));
    expect(names.toSorted()).toEqual(Object.keys(GIT_SETTINGS).toSorted());
    expect(listGitSettings({}).every(({ settings }) => settings.length > 0)).toBe(true);
  });

  it('tells what was set from what is so by default', () => {
    const settings = listGitSettings({ 'receive.denyDeletes': true, 'http.uploadpack': true }).flatMap(
      (group) => group.settings,
    );
    const find = (name: string) => settings.find((setting) => setting.name === name);
    expect(find('receive.denyDeletes')).toMatchObject({ value: true, default: false, isSet: true });
    expect(find('http.uploadpack')).toMatchObject({ value: true, default: true, isSet: true });
    expect(find('http.receivepack')).toMatchObject({ value: true, isSet: false });
  });

  it('shows of one filter what is said of all, until something is set about it', () => {
    const filters = (stored: object) =>
      listGitSettings(stored)
        .flatMap((group) => group.settings)
        .filter(({ name }) => /^uploadpackfilter\..+\.allow$/.test(name))
        .filter(({ value }) => value)
        .map(({ name }) => name);
    expect(filters({})).toHaveLength(6);
    expect(filters({ 'uploadpackfilter.allow': false })).toEqual([]);
    expect(filters({ 'uploadpackfilter.allow': false, 'uploadpackfilter.combine.allow': true })).toEqual([
      'uploadpackfilter.combine.allow',
    ]);
    // As in git, a depth of trees allows trees.
    expect(filters({ 'uploadpackfilter.allow': false, 'uploadpackfilter.tree.maxDepth': 1 })).toEqual([
      'uploadpackfilter.tree.allow',
    ]);
  });

  it('takes what it cannot read for not set', () => {
    const stored = { 'receive.denyDeletes': 'maybe', 'limits.maxCommands': 1e9 };
    const settings = listGitSettings(stored).flatMap((group) => group.settings);
    expect(settings.filter(({ isSet }) => isSet)).toEqual([]);
  });
});

describe('changing settings', () => {
  it.each([
    ['http.uploadpack', 'yes', 'http.uploadpack is true or false.'],
    ['limits.maxCommands', 0, 'limits.maxCommands is a whole number from 1 to 10000.'],
    ['limits.maxCommands', 10_001, 'limits.maxCommands is a whole number from 1 to 10000.'],
    ['limits.maxCommands', 1.5, 'limits.maxCommands is a whole number from 1 to 10000.'],
    ['transfer.hideRefs', 'refs/x', /^transfer.hideRefs is a list of at most 1000 texts/],
    ['transfer.hideRefs', [1], /^transfer.hideRefs is a list/],
    ['receive.fsck', { missingEmail: 'fatal' }, /^receive.fsck is a map from ids of fsck messages/],
    ['receive.fsck', { noSuchMessage: 'warn' }, /^receive.fsck is a map/],
    ['receive.frotz', true, 'There is no setting "receive.frotz".'],
    ['__proto__', true, 'There is no setting "__proto__".'],
    ['constructor', null, 'There is no setting "constructor".'],
  ])('refuses %s = %j', (name, value, reason) => {
    const changes = Object.fromEntries([[name, value]]);
    const [fault] = findGitSettingFaults(changes);
    expect(fault?.reason).toEqual(reason instanceof RegExp ? expect.stringMatching(reason) : reason);
  });

  it('sets, replaces and takes back', () => {
    const changes = { 'receive.denyDeletes': null, 'http.uploadpack': false, 'receive.fsck': { missingEmail: 'warn' } };
    expect(findGitSettingFaults(changes)).toEqual([]);
    expect(applyGitSettings({ 'receive.denyDeletes': true, 'http.receivepack': false }, changes)).toEqual({
      'http.receivepack': false,
      'http.uploadpack': false,
      'receive.fsck': { missingEmail: 'warn' },
    });
  });
});
