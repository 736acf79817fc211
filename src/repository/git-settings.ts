/**
 * What an owner may set for one repository, by git's own names where git has the setting — git-config(1). The table below is
 * the one place that says which settings there are, what each may be and what it is when nobody has set it; the REST API, the
 * settings page and `docs/git-settings.md` are made from it.
 *
 * A repository's row keeps what was set; `readGitSettings` lays it over the defaults. Defaults that differ from git's say why.
 */
import { type FsckOptions, isSeverityOverride, type SeverityOverride } from '#git/fsck/finding.ts';
import { limits } from '#limits.ts';

/** What one setting may be. A list holds strings; a map holds fsck severities by message id. */
export type GitSettingKind = 'flag' | 'count' | 'list' | 'severities';

interface Definition<Kind extends GitSettingKind, Value> {
  readonly kind: Kind;
  readonly default: Value;
  /** A sentence for people. */
  readonly about: string;
  /** Smallest value of a count; 0 when absent. */
  readonly min?: number;
  /** Largest value of a count; the site's own bound, which an owner may lower but not raise. */
  readonly max?: number;
  readonly unit?: 'bytes';
}

export type GitSettingDefinition = Definition<GitSettingKind, unknown>;

const flag = (value: boolean, about: string): Definition<'flag', boolean> => ({ kind: 'flag', default: value, about });
const list = (about: string): Definition<'list', readonly string[]> => ({ kind: 'list', default: [], about });
const count = (value: number, max: number, about: string): Definition<'count', number> => ({
  kind: 'count',
  default: value,
  max,
  about,
});
/** A bound of the site, `limits.ts`, which an owner may lower. */
const bound = (siteMax: number, about: string): Definition<'count', number> => ({
  kind: 'count',
  default: siteMax,
  min: 1,
  max: siteMax,
  about,
});
/** One of bytes. */
const sizeBound = (siteMaxBytes: number, about: string): Definition<'count', number> => ({
  ...bound(siteMaxBytes, about),
  unit: 'bytes',
});

export const GIT_SETTINGS = {
  'http.uploadpack': flag(true, 'Clones and fetches over HTTP.'),
  'http.receivepack': flag(true, 'Pushes over HTTP.'),
  'http.uploadarchive': flag(true, '`git archive --remote` over HTTP. Git: false.'),

  'transfer.hideRefs': list(
    'Refs below these prefixes are neither shown nor fetched nor pushed; `!` in front shows again.',
  ),
  'uploadpack.hideRefs': list('The same, for clones and fetches alone.'),
  'receive.hideRefs': list('The same, for pushes alone.'),
  'transfer.advertiseSID': flag(true, 'Name a session id to clients, so that both logs can be matched. Git: false.'),
  'transfer.advertiseObjectInfo': flag(true, 'Tell clients the sizes of objects (`object-info`). Git: false.'),

  'uploadpack.allowTipSHA1InWant': flag(false, 'A fetch may ask for the tip of a hidden ref by its id.'),
  'uploadpack.allowReachableSHA1InWant': flag(
    true,
    'A fetch may ask for what a visible ref reaches. Git: false, yet its HTTP server allows it all the same.',
  ),
  'uploadpack.allowAnySHA1InWant': flag(
    false,
    'A fetch may ask for any object, reachable or not: deleted history too.',
  ),
  'uploadpack.allowRefInWant': flag(true, 'A fetch may ask for a ref by its name. Git: false.'),
  'uploadpack.allowSidebandAll': flag(true, 'The whole answer of a fetch may be multiplexed. Git: false.'),
  'uploadpack.allowFilter': flag(true, 'Partial clones. Git: false.'),
  'uploadpackfilter.allow': flag(true, 'Those filters below about which nothing is set.'),
  'uploadpackfilter.blob:none.allow': flag(true, 'Partial clones without blobs.'),
  'uploadpackfilter.blob:limit.allow': flag(true, 'Partial clones without large blobs.'),
  'uploadpackfilter.object:type.allow': flag(true, 'Partial clones of one type of object.'),
  'uploadpackfilter.tree.allow': flag(true, 'Partial clones without deep trees.'),
  'uploadpackfilter.tree.maxDepth': count(4_294_967_295, 4_294_967_295, 'Largest depth of the `tree` filter.'),
  'uploadpackfilter.sparse:oid.allow': flag(true, 'Partial clones by a file of sparse-checkout patterns.'),
  'uploadpackfilter.combine.allow': flag(true, 'Several filters at once.'),
  'uploadpack.advertiseBundleURIs': flag(true, 'Offer a bundle to download first, to clients that ask. Git: false.'),
  'uploadpack.packfileURIs': flag(
    true,
    'Let clients that ask fetch whole packs from storage. Ours; git: `blobPackfileUri`.',
  ),
  'uploadarchive.allowUnreachable': flag(false, '`git archive --remote` of any commit, reachable from a ref or not.'),

  'receive.advertiseAtomic': flag(true, 'Pushes may be all or nothing.'),
  'receive.advertisePushOptions': flag(true, 'Pushes may carry options. Git: false.'),
  'receive.advertisePushCert': flag(
    false,
    'Pushes may be signed (`git push --signed`); their certificates are kept. Ours; git: `certNonceSeed`.',
  ),
  'receive.certNonceSlop': count(
    0,
    86_400,
    'How many seconds after it was said the nonce of a signed push counts as `OK`, over HTTP; later as `SLOP`.',
  ),
  'receive.denyDeletes': flag(false, 'Refuse to delete refs.'),
  'receive.denyDeleteCurrent': flag(true, 'Refuse to delete the default branch.'),
  'receive.denyNonFastForwards': flag(false, 'Refuse updates that lose commits.'),
  'receive.maxInputSize': {
    ...count(limits.packMaxBytes, limits.packMaxBytes, 'Largest pack of a push, in bytes.'),
    unit: 'bytes',
  } as Definition<'count', number>,
  'receive.fsckObjects': flag(true, 'Check pushed objects as `git fsck --strict` does. Git: false.'),
  'receive.fsck': {
    kind: 'severities',
    default: {},
    about:
      'What is made of each finding, by its message id: `error` refuses, `warn` and `info` tell, `ignore` is silent.',
  } as Definition<'severities', Readonly<Record<string, SeverityOverride>>>,
  'receive.fsck.skipList': list('Ids of objects that are not checked.'),

  'core.maxTreeDepth': {
    kind: 'count',
    default: limits.treeDepthMax,
    min: 0,
    max: limits.treeDepthSiteMax,
    about: 'Folders inside each other that a push may bring and an archive may hold.',
  } as Definition<'count', number>,
  'limits.warnObjectSize': {
    kind: 'count',
    default: limits.objectWarnBytes,
    min: 1,
    max: limits.objectMaxBytes,
    unit: 'bytes',
    about: 'A pushed object larger than this is taken with a warning, in bytes.',
  } as Definition<'count', number>,
  'limits.maxObjectSize': sizeBound(limits.objectMaxBytes, 'Largest object of a push after inflation, in bytes.'),
  'limits.maxInflatedSize': sizeBound(
    limits.pushInflatedMaxBytes,
    'All objects of a push after inflation, in bytes; more is refused where the ratio is exceeded too.',
  ),
  'limits.maxInflationRatio': bound(
    limits.pushInflationRatioMax,
    'What a push may grow to when it is inflated, as a multiple of the bytes sent.',
  ),
  'limits.maxObjects': bound(limits.packObjectsMax, 'Objects of one push.'),
  'limits.maxTreeEntries': bound(limits.treeEntriesMax, 'Entries of one folder that a push may bring.'),
  'limits.maxDeltaDepth': bound(limits.deltaDepthMax, 'Deltas between a pushed object and its whole base.'),
  'limits.maxCommands': bound(limits.pushCommandsMax, 'Refs that one push may change.'),
  'limits.maxRefName': sizeBound(limits.refNameMaxBytes, 'Longest ref name that a push may create, in bytes.'),
  'limits.maxNegotiationLines': bound(
    limits.negotiationLinesMax,
    'Objects that one request of a fetch may name, wanted and had ones together.',
  ),
} as const;

export type GitSettingName = keyof typeof GIT_SETTINGS;

/** Every setting with its value, set or default. */
export type GitSettings = { readonly [Name in GitSettingName]: (typeof GIT_SETTINGS)[Name]['default'] };

/** What was set, as the database keeps it. */
export type StoredGitSettings = Partial<Record<GitSettingName, unknown>>;

const ONE_FILTER = /^uploadpackfilter\..+\.allow$/;

export const DEFAULT_GIT_SETTINGS: GitSettings = readGitSettings({});

/** Lays what was set over the defaults. What an older program stored and this one cannot read counts as not set. */
export function readGitSettings(stored: StoredGitSettings): GitSettings {
  const names = Object.keys(GIT_SETTINGS) as GitSettingName[];
  const entries = names.map((name) => [name, isGitSettingSet(name, stored) ? stored[name] : unsetValue(name, stored)]);
  return Object.fromEntries(entries) as GitSettings;
}

export function isGitSettingSet(name: GitSettingName, stored: StoredGitSettings): boolean {
  return stored[name] !== undefined && findGitSettingFault(name, stored[name]) === undefined;
}

/** What a setting is while nobody has set it; a filter goes by what is said of all, and a depth of trees allows trees, as in git. */
export function unsetValue(name: GitSettingName, stored: StoredGitSettings): unknown {
  if (!ONE_FILTER.test(name)) return GIT_SETTINGS[name].default;
  if (name === 'uploadpackfilter.tree.allow' && isGitSettingSet('uploadpackfilter.tree.maxDepth', stored)) return true;
  return isGitSettingSet('uploadpackfilter.allow', stored) ? stored['uploadpackfilter.allow'] : true;
}

/** Patterns for `isHiddenRef`; the last that matches counts. */
export function refsHiddenFromFetches(settings: GitSettings): readonly string[] {
  return [...settings['transfer.hideRefs'], ...settings['uploadpack.hideRefs']];
}

/** As `refsHiddenFromFetches`. Pull requests are ours to write, whatever an owner sets. */
export function refsHiddenFromPushes(settings: GitSettings): readonly string[] {
  return [...settings['transfer.hideRefs'], ...settings['receive.hideRefs'], 'refs/pull'];
}

/** What is made of what a push brings. */
export function fsckOptionsOf(settings: GitSettings): FsckOptions {
  if (!settings['receive.fsckObjects']) return { mode: 'off' };
  const skipList = settings['receive.fsck.skipList'];
  return {
    mode: 'strict',
    severities: settings['receive.fsck'],
    ...(skipList.length > 0 && { skip: new Set(skipList.map((id) => id.toLowerCase())) }),
  };
}

/** @returns a sentence that says what the setting would have to be; undefined when the value will do */
export function findGitSettingFault(name: GitSettingName, value: unknown): string | undefined {
  return isFit(name, value) ? undefined : `${name} is ${gitSettingDemand(name)}.`;
}

/** What a setting may be, for the end of a sentence. */
export function gitSettingDemand(name: GitSettingName): string {
  const { kind, min = 0, max }: GitSettingDefinition = GIT_SETTINGS[name];
  switch (kind) {
    case 'flag':
      return 'true or false';
    case 'count':
      return `a whole number from ${min} to ${max}`;
    case 'list':
      return `a list of at most ${LIST_MAX} texts of at most ${TEXT_MAX} characters`;
    case 'severities':
      return 'a map from ids of fsck messages to error, warn, info or ignore';
  }
}

function isFit(name: GitSettingName, value: unknown): boolean {
  const { kind, min = 0, max = Number.MAX_SAFE_INTEGER }: GitSettingDefinition = GIT_SETTINGS[name];
  switch (kind) {
    case 'flag':
      return typeof value === 'boolean';
    case 'count':
      return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    case 'list':
      return isStringList(value);
    case 'severities':
      return isSeverities(value);
  }
}

const LIST_MAX = 1_000;
const TEXT_MAX = 1_024;

function isStringList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= LIST_MAX &&
    value.every((text) => typeof text === 'string' && text.length <= TEXT_MAX)
  );
}

function isSeverities(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(value).every(([id, severity]) => isSeverityOverride(id, severity))
  );
}
