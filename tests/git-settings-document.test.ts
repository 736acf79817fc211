/** `docs/git-settings.md` is made from the catalogue; `vitest run tests/git-settings-document.test.ts -u` writes it. */
import { expect, test } from 'vitest';
import { type GitSettingGroup, type ListedGitSetting, listGitSettings } from '#repository/git-setting-list.ts';
import { gitSettingDemand } from '#repository/git-settings.ts';

const INTRODUCTION = `# Git settings of a repository

What an administrator of a repository may decide about clones, fetches, pushes and archives. The names are git's own where git has the
setting (git-config(1)); where our default is another one than git's, the text says so.

- In the browser: the repository's settings, "Git settings".
- By REST: \`GET /api/v3/repos/{owner}/{repo}/git-settings\` answers each setting with its \`value\`, its \`default\` and whether it
  \`is_set\`; \`PATCH\` takes the settings to change, and \`null\` for those that go back to their default. All of a request counts, or
  none.

\`\`\`sh
curl -X PATCH -H "Authorization: Bearer $TOKEN" https://forge.example.org/api/v3/repos/ada/engine/git-settings \\
  -d '{"receive.denyNonFastForwards": true, "receive.fsck": {"missingEmail": "warn"}, "uploadpack.allowFilter": null}'
\`\`\`

A setting counts from the next request of a git client on. Sizes are in bytes.
`;

test('the document of git settings says what the catalogue has', async () => {
  const text = [INTRODUCTION, ...listGitSettings({}).map(describeGroup)].join('\n');
  await expect(text).toMatchFileSnapshot('../docs/git-settings.md');
});

function describeGroup({ title, about, settings }: GitSettingGroup): string {
  const rows = settings.map(describeSetting).join('\n');
  return `## ${title}\n\n${about}\n\n| setting | is | default | |\n|---|---|---|---|\n${rows}\n`;
}

function describeSetting({ name, about, default: byDefault }: ListedGitSetting): string {
  return `| \`${name}\` | ${gitSettingDemand(name)} | ${describeValue(byDefault)} | ${about} |`;
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return 'empty';
  return typeof value === 'object' ? 'empty' : `\`${value}\``;
}
