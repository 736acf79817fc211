/** The rules for blobs that trees name `.gitmodules` — gitmodules(5); CVE-2018-11235, CVE-2018-17456, CVE-2019-19604. */
import { decodeLatin1 } from '#bytes/utf8.ts';
import { parseConfigFile } from './config-file.ts';
import type { FsckReport } from './finding.ts';
import { isAllowedSubmoduleUrl } from './submodule-url.ts';

/** @param body undefined when it is too large to be held in memory */
export function checkGitmodules(body: Uint8Array | undefined, report: FsckReport): void {
  if (!body) {
    report.add('gitmodulesLarge', '.gitmodules too large to parse');
    return;
  }
  const { variables, isComplete } = parseConfigFile(decodeLatin1(body));
  for (const { name, value } of variables) {
    const submodule = /^submodule\.(?<name>.*)\.(?<key>[^.]*)$/s.exec(name)?.groups;
    if (submodule) checkSubmodule(submodule['name'] ?? '', submodule['key'] ?? '', value, report);
  }
  if (!isComplete) report.add('gitmodulesParse', 'could not parse gitmodules blob');
}

function checkSubmodule(name: string, key: string, value: string | undefined, report: FsckReport): void {
  if (!isAllowedSubmoduleName(name)) report.add('gitmodulesName', `disallowed submodule name: ${name}`);
  if (value === undefined) return;
  if (key === 'url' && !isAllowedSubmoduleUrl(value)) {
    report.add('gitmodulesUrl', `disallowed submodule url: ${value}`);
  }
  // A path or a command that begins so would be read as an option, or run.
  if (key === 'path' && value.startsWith('-')) {
    report.add('gitmodulesPath', `disallowed submodule path: ${value}`);
  }
  if (key === 'update' && value.startsWith('!')) {
    report.add('gitmodulesUpdate', `disallowed submodule update setting: ${value}`);
  }
}

/** The name becomes a path below `.git/modules`: it must not leave it. */
function isAllowedSubmoduleName(name: string): boolean {
  return name !== '' && !name.split(/[/\\]/).includes('..');
}
