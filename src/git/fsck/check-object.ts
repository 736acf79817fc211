/**
 * git's rules for the content of objects: bytes in, findings out. Whether an object's references exist, and reading the blobs
 * that a tree names, is the caller's business — git-fsck(1), "FSCK MESSAGES".
 */
import type { ObjectFormat } from '../object/object-id.ts';
import type { ObjectType } from '../object/object-type.ts';
import { checkCommit } from './check-commit.ts';
import { checkGitattributes } from './check-gitattributes.ts';
import { checkGitmodules } from './check-gitmodules.ts';
import { checkTag } from './check-tag.ts';
import { checkTree, type NamedBlob } from './check-tree.ts';
import { type Finding, type FsckOptions, FsckReport } from './finding.ts';

export interface ObjectCheck {
  /** In the order of the rules; empty for a sound object. */
  readonly findings: readonly Finding[];
  /** Blobs that a tree names `.gitmodules` or `.gitattributes`: pass each to `checkNamedBlob`. */
  readonly namedBlobs: readonly NamedBlob[];
}

/** Checks one object by itself. A blob has no rules but those of its name. */
export function checkObject(
  type: ObjectType,
  body: Uint8Array,
  format: ObjectFormat,
  options: FsckOptions,
): ObjectCheck {
  const report = new FsckReport(options);
  const namedBlobs = type === 'tree' ? checkTree(body, format, report) : [];
  if (type === 'commit') checkCommit(body, format, report);
  if (type === 'tag') checkTag(body, format, report);
  return { findings: report.findings, namedBlobs };
}

/** What became of a blob that a tree names. */
export type NamedObject =
  | { readonly kind: 'blob'; readonly body: Uint8Array }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'other-type' }
  | { readonly kind: 'missing' };

/** Checks what a tree names `.gitmodules` or `.gitattributes`. */
export function checkNamedBlob(name: NamedBlob['name'], object: NamedObject, options: FsckOptions): readonly Finding[] {
  const report = new FsckReport(options);
  if (object.kind === 'missing') report.add(`${name}Missing`, `unable to read .${name} blob`);
  else if (object.kind === 'other-type') report.add(`${name}Blob`, `non-blob found at .${name}`);
  else checkBody(name, object.kind === 'blob' ? object.body : undefined, report);
  return report.findings;
}

function checkBody(name: NamedBlob['name'], body: Uint8Array | undefined, report: FsckReport): void {
  if (name === 'gitmodules') checkGitmodules(body, report);
  else checkGitattributes(body, report);
}
