/** The git settings of a repository, by their names. The schemas are made from the catalogue, so the OpenAPI document has them all. */
import { z } from 'zod';
import type { GitSettingGroup, ListedGitSetting } from '#repository/git-setting-list.ts';
import {
  findGitSettingFault,
  GIT_SETTINGS,
  type GitSettingKind,
  type GitSettingName,
  gitSettingDemand,
} from '#repository/git-settings.ts';

const NAMES = Object.keys(GIT_SETTINGS) as GitSettingName[];

/** A schema for each setting, by its name. */
function byName<Schema extends z.ZodType>(schemaOf: (name: GitSettingName) => Schema): Record<GitSettingName, Schema> {
  return Object.fromEntries(NAMES.map((name) => [name, schemaOf(name)])) as Record<GitSettingName, Schema>;
}

function valueSchema(name: GitSettingName): z.ZodType {
  const { kind, min = 0, max }: { kind: GitSettingKind; min?: number; max?: number } = GIT_SETTINGS[name];
  switch (kind) {
    case 'flag':
      return z.boolean();
    case 'count':
      return z
        .int()
        .min(min)
        .max(max ?? Number.MAX_SAFE_INTEGER);
    case 'list':
      return z.array(z.string());
    case 'severities':
      return z.record(z.string(), z.enum(['error', 'warn', 'info', 'ignore']));
  }
}

/** The catalogue judges, in its own sentences; null goes back to the default. */
function changeSchema(name: GitSettingName): z.ZodType {
  const error = `must be ${gitSettingDemand(name)}, or null for the default`;
  const fits = (value: unknown) => value === null || findGitSettingFault(name, value) === undefined;
  return z.unknown().refine(fits, { error }).meta(describeChange(name)).optional();
}

function describeChange(name: GitSettingName): Record<string, unknown> {
  const { $schema: _, ...schema } = z.toJSONSchema(valueSchema(name));
  return { anyOf: [schema, { type: 'null' }], description: GIT_SETTINGS[name].about };
}

export const gitSettingChangesSchema = z.strictObject(byName(changeSchema));

export const gitSettingsSchema = z.object(
  byName((name) =>
    z.object({
      value: valueSchema(name).describe('What counts.'),
      default: valueSchema(name),
      is_set: z.boolean().describe('Whether somebody has set it; otherwise the default counts.'),
      group: z.string(),
      description: z.string(),
    }),
  ),
);

export function gitSettingsBody(groups: readonly GitSettingGroup[]): z.output<typeof gitSettingsSchema> {
  const entries = groups.flatMap(({ title, settings }) =>
    settings.map((setting) => [setting.name, settingBody(setting, title)]),
  );
  return Object.fromEntries(entries) as z.output<typeof gitSettingsSchema>;
}

function settingBody({ value, default: byDefault, isSet, about }: ListedGitSetting, group: string) {
  return { value, default: byDefault, is_set: isSet, group, description: about };
}
