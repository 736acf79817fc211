/** What is asked of repositories that are not as others: by their settings, for they are empty, or by their hashes. */
import type { StoredGitSettings } from '#repository/git-settings.ts';
import { makeScenarioRepository } from './scenario-repository.ts';
import { commits, fetchV2, ids, lines, lsRefs, MAIN, type Scripts, UNKNOWN, WANT_MAIN } from './scenario-script.ts';

/** What is asked where the repository's settings are others. */
export interface SettingScenario {
  readonly settings: StoredGitSettings;
  readonly v0: Scripts;
  readonly v2: Scripts;
}

const filtered = (spec: string) => ({
  v0: { [spec]: lines(`want ${MAIN} side-band-64k filter`, `filter ${spec}`, '0000', 'done') },
  v2: { [spec]: fetchV2(WANT_MAIN, `filter ${spec}`, 'done') },
});
const wanted = (...names: (keyof typeof ids)[]) =>
  Object.fromEntries(names.map((name) => [name, lines(`want ${ids[name]} side-band-64k`, '0000', 'done')]));
const listed = { 'all refs': lsRefs('peel', 'symrefs'), HEAD: lsRefs('symrefs', 'unborn', 'ref-prefix HEAD') };
const hides = (...patterns: string[]): SettingScenario => ({
  settings: { 'transfer.hideRefs': patterns },
  v0: {},
  v2: listed,
});

export const SETTINGS: Readonly<Record<string, SettingScenario>> = {
  'no filters': { settings: { 'uploadpack.allowFilter': false }, ...filtered('blob:none') },
  'no blob:none': { settings: { 'uploadpackfilter.blob:none.allow': false }, ...filtered('blob:none') },
  'no blob:none in others': {
    settings: { 'uploadpackfilter.blob:none.allow': false },
    ...filtered('combine:tree:1+blob:none'),
  },
  'no blob:limit': { settings: { 'uploadpackfilter.blob:limit.allow': false }, ...filtered('blob:limit=1') },
  'no object:type': { settings: { 'uploadpackfilter.object:type.allow': false }, ...filtered('object:type=tree') },
  'no filter': { settings: { 'uploadpackfilter.allow': false }, ...filtered('blob:none') },
  'no filter but one': {
    settings: { 'uploadpackfilter.allow': false, 'uploadpackfilter.blob:none.allow': true },
    ...filtered('blob:none'),
  },
  'no filter but trees of some depth': {
    settings: { 'uploadpackfilter.allow': false, 'uploadpackfilter.tree.maxDepth': 2 },
    ...filtered('tree:1'),
  },
  'no tree': { settings: { 'uploadpackfilter.tree.allow': false }, ...filtered('tree:0') },
  'no sparse:oid': {
    settings: { 'uploadpackfilter.sparse:oid.allow': false },
    ...filtered('sparse:oid=main:patterns'),
  },
  'no sparse:oid in others': {
    settings: { 'uploadpackfilter.sparse:oid.allow': false },
    ...filtered('combine:blob:none+sparse:oid=main:patterns'),
  },
  'no sparse:oid, of nothing': {
    settings: { 'uploadpackfilter.sparse:oid.allow': false },
    ...filtered('sparse:oid=none'),
  },
  'no sparse:oid, another': { settings: { 'uploadpackfilter.sparse:oid.allow': false }, ...filtered('blob:none') },
  'no combination': { settings: { 'uploadpackfilter.combine.allow': false }, ...filtered('combine:tree:1+blob:none') },
  'trees of depth 1': { settings: { 'uploadpackfilter.tree.maxDepth': 1 }, ...filtered('tree:1') },
  'trees of depth 1, deeper': { settings: { 'uploadpackfilter.tree.maxDepth': 1 }, ...filtered('tree:2') },
  'trees of depth 1, deeper in others': {
    settings: { 'uploadpackfilter.tree.maxDepth': 1 },
    ...filtered('combine:blob:none+tree:2'),
  },
  'no refs by name': {
    settings: { 'uploadpack.allowRefInWant': false },
    v0: {},
    v2: { it: fetchV2('want-ref refs/heads/main', 'done') },
  },
  'no sideband-all': {
    settings: { 'uploadpack.allowSidebandAll': false },
    v0: {},
    v2: { it: fetchV2(WANT_MAIN, 'sideband-all', 'done') },
  },
  'no session ids': {
    settings: { 'transfer.advertiseSID': false },
    v0: { it: lines(`want ${MAIN} side-band-64k session-id=x`, '0000', 'done') },
    v2: { it: lines('command=ls-refs', 'session-id=x', '0000') },
  },
  'hidden tips': {
    settings: { 'uploadpack.allowTipSHA1InWant': true },
    v0: wanted('hidden', 'hiddenTag', 'lost'),
    v2: {},
  },
  anything: {
    settings: { 'uploadpack.allowAnySHA1InWant': true },
    v0: wanted('hidden', 'hiddenBlob', 'hiddenTag', 'lost', 'small'),
    v2: {},
  },
  'only tips, where HTTP allows more': {
    settings: { 'uploadpack.allowReachableSHA1InWant': false },
    v0: { ...wanted('lost'), reachable: lines(`want ${commits[3]} side-band-64k`, '0000', 'done') },
    v2: {},
  },
  'nothing is hidden': hides(),
  'a folder is hidden': hides('refs/heads/topic'),
  'a folder is hidden, with a slash': hides('refs/heads/topic/'),
  'a part of a name': hides('refs/heads/ma'),
  'the branch of HEAD is hidden': hides('refs/heads/main'),
  'all branches are hidden': hides('refs/heads'),
  'everything is hidden': hides('refs'),
  'one of them is shown again': hides('refs/heads', '!refs/heads/main'),
  'shown again too early': hides('!refs/heads/main', 'refs/heads'),
  'by the full name': hides('^refs/tags'),
  'shown again by the full name': hides('refs/tags', '!^refs/tags/v1'),
  'everything but tags': hides('refs', '!refs/tags'),
  'for fetches alone': { settings: { 'uploadpack.hideRefs': ['refs/tags'] }, v0: {}, v2: listed },
  'for fetches alone, shown again': { settings: { 'uploadpack.hideRefs': [`!refs/hidden`] }, v0: {}, v2: listed },
  'for pushes alone': { settings: { 'receive.hideRefs': ['refs/tags'] }, v0: {}, v2: listed },
};

export const EMPTY_V2: Scripts = {
  'all refs': lsRefs(),
  HEAD: lsRefs('symrefs', 'ref-prefix HEAD'),
  'an unborn HEAD': lsRefs('symrefs', 'peel', 'unborn', 'ref-prefix HEAD'),
  'an unborn HEAD without symrefs': lsRefs('unborn'),
  'an unborn HEAD by another prefix': lsRefs('unborn', 'symrefs', 'ref-prefix refs/heads/'),
  'an unborn HEAD with all refs': lsRefs('unborn', 'symrefs'),
  'a want': fetchV2(WANT_MAIN, 'done'),
  'a ref by its name': fetchV2('want-ref refs/heads/main', 'done'),
  'HEAD by its name': fetchV2('want-ref HEAD', 'done'),
  nothing: fetchV2('done'),
  'haves alone': fetchV2('wait-for-done', `have ${UNKNOWN}`),
};

export const EMPTY_V0: Scripts = {
  'a flush': '0000',
  'a want': lines(`want ${MAIN} side-band-64k`, '0000', 'done'),
};

const long = makeScenarioRepository('sha256');
const LONG_MAIN = long.commits[9];

export const LONG_V2: Scripts = {
  'refs without a format': 'command=ls-refs\n0000',
  'refs with another format': lines('command=ls-refs', 'object-format=sha1', '0000'),
  'refs with the format': lines('command=ls-refs', 'object-format=sha256', '0001', 'peel', 'symrefs', '0000'),
  'a fetch without a format': lines('command=fetch', '0001', `want ${LONG_MAIN}`, 'done', '0000'),
  'a fetch with the format': lines(
    'command=fetch',
    'object-format=sha256',
    '0001',
    `want ${LONG_MAIN}`,
    'done',
    '0000',
  ),
  'a short want': lines('command=fetch', 'object-format=sha256', '0001', `want ${MAIN}`, 'done', '0000'),
  'a short have': lines('command=fetch', 'object-format=sha256', '0001', `want ${LONG_MAIN}`, `have ${MAIN}`, '0000'),
  'a short boundary': lines(
    'command=fetch',
    'object-format=sha256',
    '0001',
    `want ${LONG_MAIN}`,
    `shallow ${MAIN}`,
    '0000',
  ),
};

export const LONG_V0: Scripts = {
  'a want': lines(`want ${LONG_MAIN} side-band-64k`, '0000', 'done'),
  'a want with the format': lines(`want ${LONG_MAIN} side-band-64k object-format=sha256`, '0000', 'done'),
  'a want with another format': lines(`want ${LONG_MAIN} side-band-64k object-format=sha1`, '0000', 'done'),
  'a short want': lines(`want ${MAIN} side-band-64k`, '0000', 'done'),
};
