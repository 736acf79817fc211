/** What names an LFS object: its SHA-256 and size, as the API and the pointer files in Git have them — git-lfs, docs/spec.md. */

export interface LfsPointer {
  /** SHA-256 in 64 lower-case hexadecimal digits. */
  readonly oid: string;
  readonly sizeBytes: number;
}

/** A pointer file is smaller than this — docs/spec.md, "The Pointer". */
export const POINTER_MAX_BYTES = 1_024;

const OID = /^[0-9a-f]{64}$/;
/** The line that every pointer starts with; the older one is of releases before 1.0. */
const VERSION_LINE = /^version https:\/\/(?:git-lfs\.github\.com\/spec\/v1|hawser\.github\.com\/spec\/v1)$/;
const KEY_LINE = /^([a-z0-9.-]+) (.+)$/;

export function isOid(text: string): boolean {
  return OID.test(text);
}

/**
 * Reads a pointer file: a version line, then `key value` lines in the order of their keys, each ended by a newline.
 *
 * @returns undefined for any other file
 */
export function parsePointer(bytes: Uint8Array): LfsPointer | undefined {
  if (bytes.length >= POINTER_MAX_BYTES) return undefined;
  const [version = '', ...lines] = Buffer.from(bytes).toString('utf8').replace(/\n$/, '').split('\n');
  if (!VERSION_LINE.test(version)) return undefined;
  const values = new Map<string, string>();
  for (const line of lines) {
    const [, key = '', value = ''] = KEY_LINE.exec(line) ?? [];
    if (key === '' || values.has(key)) return undefined;
    values.set(key, value);
  }
  return toPointer(values.get('oid') ?? '', values.get('size') ?? '');
}

function toPointer(oidValue: string, sizeValue: string): LfsPointer | undefined {
  const oid = oidValue.replace(/^sha256:/, '');
  const sizeBytes = Number(sizeValue);
  if (oid === oidValue || !isOid(oid) || !/^\d+$/.test(sizeValue) || !Number.isSafeInteger(sizeBytes)) return undefined;
  return { oid, sizeBytes };
}
