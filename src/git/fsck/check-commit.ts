/** The rules for commits — git-fsck(1), "FSCK MESSAGES"; fsck_commit() of git. Stops at the first refusal, as git does. */
import type { ObjectFormat } from '../object/object-id.ts';
import type { FsckReport } from './finding.ts';
import { checkHeaderEnd, checkIdentity, HeaderScanner } from './header-scanner.ts';

export function checkCommit(body: Uint8Array, format: ObjectFormat, report: FsckReport): void {
  if (!checkHeaderEnd(body, report)) return;
  const scanner = new HeaderScanner(body);
  if (!checkIds(scanner, format, report) || !checkAuthors(scanner, report)) return;
  if (!scanner.skip('committer ')) {
    report.add('missingCommitter', "invalid format - expected 'committer' line");
    return;
  }
  if (checkIdentity(scanner, report)) return;
  if (body.includes(0)) report.add('nulInCommit', 'NUL byte in the commit object body');
}

/** Without ids there is nothing that the later rules could stand on, whatever their severity. */
function checkIds(scanner: HeaderScanner, format: ObjectFormat, report: FsckReport): boolean {
  if (!scanner.skip('tree ')) {
    report.add('missingTree', "invalid format - expected 'tree' line");
    return false;
  }
  if (!scanner.skipIdLine(format.hexDigits)) {
    report.add('badTreeSha1', "invalid 'tree' line format - bad sha1");
    return false;
  }
  while (scanner.skip('parent ')) {
    if (scanner.skipIdLine(format.hexDigits)) continue;
    report.add('badParentSha1', "invalid 'parent' line format - bad sha1");
    return false;
  }
  return true;
}

function checkAuthors(scanner: HeaderScanner, report: FsckReport): boolean {
  let authorCount = 0;
  while (scanner.skip('author ')) {
    authorCount++;
    if (checkIdentity(scanner, report)) return false;
  }
  if (authorCount === 0) return !report.add('missingAuthor', "invalid format - expected 'author' line");
  if (authorCount > 1) return !report.add('multipleAuthors', "invalid format - multiple 'author' lines");
  return true;
}
