/** The rules for annotated tags — git-fsck(1), "FSCK MESSAGES"; fsck_tag() of git. Stops at the first refusal. */
import { decodeLatin1 } from '#bytes/utf8.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import { TYPE_NUMBER } from '../object/object-type.ts';
import { isRefName } from '../refs/ref-name.ts';
import type { FsckReport } from './finding.ts';
import { checkHeaderEnd, checkIdentity, HeaderScanner } from './header-scanner.ts';

export function checkTag(body: Uint8Array, format: ObjectFormat, report: FsckReport): void {
  if (!checkHeaderEnd(body, report)) return;
  const scanner = new HeaderScanner(body);
  if (!checkTarget(scanner, format, report) || !checkName(scanner, report)) return;
  if (!scanner.skip('tagger ')) {
    if (report.add('missingTaggerEntry', "invalid format - expected 'tagger' line")) return;
  } else if (checkIdentity(scanner, report)) return;
  if (!checkSignature(scanner, report)) return;
  if (!scanner.atEnd && !scanner.startsWith('\n')) {
    report.add('extraHeaderEntry', "invalid format - extra header(s) after 'tagger'");
  }
}

function checkTarget(scanner: HeaderScanner, format: ObjectFormat, report: FsckReport): boolean {
  if (!scanner.skip('object ')) {
    report.add('missingObject', "invalid format - expected 'object' line");
    return false;
  }
  if (!scanner.skipIdLine(format.hexDigits)) {
    report.add('badObjectSha1', "invalid 'object' line format - bad sha1");
    return false;
  }
  if (!scanner.skip('type ')) {
    report.add('missingTypeEntry', "invalid format - expected 'type' line");
    return false;
  }
  const type = scanner.takeLine();
  if (!type) {
    report.add('missingType', "invalid format - unexpected end after 'type' line");
    return false;
  }
  return Object.hasOwn(TYPE_NUMBER, decodeLatin1(type)) || !report.add('badType', "invalid 'type' value");
}

function checkName(scanner: HeaderScanner, report: FsckReport): boolean {
  if (!scanner.skip('tag ')) {
    report.add('missingTagEntry', "invalid format - expected 'tag' line");
    return false;
  }
  const name = scanner.takeLine();
  if (!name) {
    report.add('missingTag', "invalid format - unexpected end after 'tag' line");
    return false;
  }
  const text = decodeLatin1(name);
  return isRefName(`refs/tags/${text}`) || !report.add('badTagName', `invalid 'tag' name: ${text}`);
}

function checkSignature(scanner: HeaderScanner, report: FsckReport): boolean {
  if (!scanner.skip('gpgsig ') && !scanner.skip('gpgsig-sha256 ')) return true;
  if (!scanner.takeLine()) {
    report.add('badGpgsig', "invalid format - unexpected end after 'gpgsig' or 'gpgsig-sha256' line");
    return false;
  }
  while (scanner.startsWith(' ')) {
    if (scanner.takeLine()) continue;
    report.add(
      'badHeaderContinuation',
      "invalid format - unexpected end in 'gpgsig' or 'gpgsig-sha256' continuation line",
    );
    return false;
  }
  return true;
}
