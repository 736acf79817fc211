/**
 * What a check may say about an object, and how grave git holds it to be — git-fsck(1), "FSCK MESSAGES".
 */

/** `fatal` cannot be overridden. */
export type Severity = 'fatal' | 'error' | 'warn' | 'info' | 'ignore';

const DEFAULT_SEVERITY = {
  nulInHeader: 'fatal',
  unterminatedHeader: 'fatal',

  badDate: 'error',
  badDateOverflow: 'error',
  badEmail: 'error',
  badGpgsig: 'error',
  badHeaderContinuation: 'error',
  badName: 'error',
  badObjectSha1: 'error',
  badParentSha1: 'error',
  badTimezone: 'error',
  badTree: 'error',
  badTreeSha1: 'error',
  badType: 'error',
  duplicateEntries: 'error',
  gitattributesBlob: 'error',
  gitattributesLarge: 'error',
  gitattributesLineLength: 'error',
  gitattributesMissing: 'error',
  gitmodulesBlob: 'error',
  gitmodulesLarge: 'error',
  gitmodulesMissing: 'error',
  gitmodulesName: 'error',
  gitmodulesPath: 'error',
  gitmodulesSymlink: 'error',
  gitmodulesUpdate: 'error',
  gitmodulesUrl: 'error',
  missingAuthor: 'error',
  missingCommitter: 'error',
  missingEmail: 'error',
  missingNameBeforeEmail: 'error',
  missingObject: 'error',
  missingSpaceBeforeDate: 'error',
  missingSpaceBeforeEmail: 'error',
  missingTag: 'error',
  missingTagEntry: 'error',
  missingTree: 'error',
  missingType: 'error',
  missingTypeEntry: 'error',
  multipleAuthors: 'error',
  treeNotSorted: 'error',
  zeroPaddedDate: 'error',

  fullPathname: 'warn',
  hasDot: 'warn',
  hasDotdot: 'warn',
  hasDotgit: 'warn',
  largePathname: 'warn',
  nullSha1: 'warn',
  nulInCommit: 'warn',
  zeroPaddedFilemode: 'warn',

  badFilemode: 'info',
  badTagName: 'info',
  gitattributesSymlink: 'info',
  gitignoreSymlink: 'info',
  gitmodulesParse: 'info',
  mailmapSymlink: 'info',
  missingTaggerEntry: 'info',

  extraHeaderEntry: 'ignore',
} as const satisfies Record<string, Severity>;

export type FsckMessageId = keyof typeof DEFAULT_SEVERITY;

/** What an owner may make of a finding: `warn` and `info` are told to the pusher and refuse nothing. */
export type SeverityOverride = Exclude<Severity, 'fatal'>;

/** Whether `receive.fsck.<id>` may be set to `severity`: fatal messages stay what they are. */
export function isSeverityOverride(id: string, severity: unknown): severity is SeverityOverride {
  const isKnown = Object.hasOwn(DEFAULT_SEVERITY, id) && DEFAULT_SEVERITY[id as FsckMessageId] !== 'fatal';
  return isKnown && ['error', 'warn', 'info', 'ignore'].includes(String(severity));
}

export interface Finding {
  readonly id: FsckMessageId;
  /** As it counts with the options of the check; never `ignore`. */
  readonly severity: Exclude<Severity, 'ignore'>;
  /** git's own words where it has some. */
  readonly detail: string;
}

export interface FsckOptions {
  /** `strict`, as at receive: a warning counts as an error, and mode 100664 is a bad one. `off`: nothing is found. */
  readonly mode: 'strict' | 'lenient' | 'off';
  /** Instead of git's own, as `receive.fsck.<msg-id>` sets them. Those of fatal messages are disregarded. */
  readonly severities?: Partial<Record<FsckMessageId, Severity>> | undefined;
  /** Ids of objects whose findings are disregarded, as `receive.fsck.skipList` has them. */
  readonly skip?: ReadonlySet<string> | undefined;
}

export const STRICT: FsckOptions = { mode: 'strict' };

/** Whether an object with this finding must not enter a repository. */
export function isRefusal(finding: Finding): boolean {
  return finding.severity === 'error' || finding.severity === 'fatal';
}

/** Strictness makes errors of git's own warnings alone: one that was set stays a warning (git's `fsck_set_msg_type`). */
export function severityOf(id: FsckMessageId, options: FsckOptions): Severity {
  if (options.mode === 'off') return 'ignore';
  const ownSeverity: Severity = DEFAULT_SEVERITY[id];
  if (ownSeverity === 'fatal') return ownSeverity;
  const set = options.severities?.[id];
  if (set !== undefined) return set;
  return ownSeverity === 'warn' && options.mode === 'strict' ? 'error' : ownSeverity;
}

/** Collects the findings of one object. */
export class FsckReport {
  readonly options: FsckOptions;
  readonly findings: Finding[] = [];

  constructor(options: FsckOptions) {
    this.options = options;
  }

  /** @returns whether it is a refusal: rules that build on this one stop there, as git's do */
  add(id: FsckMessageId, detail: string): boolean {
    const severity = severityOf(id, this.options);
    if (severity === 'ignore') return false;
    const finding: Finding = { id, severity, detail };
    this.findings.push(finding);
    return isRefusal(finding);
  }
}
