/** The rules for blobs that trees name `.gitattributes` — gitattributes(5); CVE-2022-23521. */
import type { FsckReport } from './finding.ts';

/** Beyond these git refuses to read the file. */
const FILE_MAX_BYTES = 100 * 1024 * 1024;
const LINE_MAX_BYTES = 2048;

const LF = 0x0a;

/** @param body undefined when it is too large to be held in memory */
export function checkGitattributes(body: Uint8Array | undefined, report: FsckReport): void {
  if (!body || body.length > FILE_MAX_BYTES) {
    report.add('gitattributesLarge', '.gitattributes too large to parse');
    return;
  }
  const nul = body.indexOf(0);
  const text = nul < 0 ? body : body.subarray(0, nul);
  for (let start = 0; start < text.length; ) {
    const lineEnd = text.indexOf(LF, start);
    const end = lineEnd < 0 ? text.length : lineEnd;
    if (end - start >= LINE_MAX_BYTES) {
      report.add('gitattributesLineLength', '.gitattributes has too long lines to parse');
      return;
    }
    start = end + 1;
  }
}
