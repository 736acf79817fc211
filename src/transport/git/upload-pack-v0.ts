/** upload-pack in protocol v0 and v1 — gitprotocol-pack(5), "Reference Discovery" and "Packfile Negotiation". */
import { type ObjectId, objectFormatOf } from '#git/object/object-id.ts';
import type { BoundedPktSource } from '#git/pkt-line/bounded-pkt-source.ts';
import { encodePktLines, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { BareChannel, type PackChannel, SideBandChannel, SMALL_BAND_PAYLOAD_BYTES } from '#git/pkt-line/side-band.ts';
import { CommonObjects, type NegotiationAnswer, NegotiationV0 } from '#git/protocol/negotiation.ts';
import {
  type AdvertisementContext,
  advertiseForUploadPack,
  type UploadOffers,
} from '#git/protocol/ref-advertisement.ts';
import { asksForDepth } from '#git/protocol/shallow-request.ts';
import { readHavesRound, readUploadNeeds, type UploadNeeds } from '#git/protocol/upload-request-v0.ts';
import type { RefSnapshot } from '#git/ref-store.ts';
import { visibleRefs } from '#git/refs/visible-refs.ts';
import { type GitSettings, refsHiddenFromFetches } from '#repository/git-settings.ts';
import type { RepositorySnapshot, ShallowUpdate } from '#repository/repository-engine.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { FetchContext } from './fetch-context.ts';
import type { GitDialogue, GitSession } from './git-session.ts';
import { doHeavyWork } from './heavy-work.ts';
import { planPack, sendPack } from './pack-sending.ts';

export async function serveUploadPackV0(
  session: GitSession,
  source: BoundedPktSource,
  dialogue: GitDialogue,
): Promise<void> {
  const context = await FetchContext.open(session);
  if (dialogue === 'stateful') {
    await advertise(session, context.snapshot);
  }
  const format = objectFormatOf(session.repository.objectFormat);
  const { 'uploadpack.allowFilter': allowsFilter, 'limits.maxNegotiationLines': linesMax } =
    session.repository.gitSettings;
  const checkWants = (wants: readonly ObjectId[]) => context.checkWants(wants, session.version, dialogue);
  const needs = await readUploadNeeds(source, format, allowsFilter, checkWants, linesMax);
  if (needs.wants.length > 0) logClient(session, needs);
  const { filter } = needs;
  context.requireAllowed(filter);
  await checkWants(needs.wants);
  const clientShallow = await context.clientShallow(needs.shallow);
  const update = await context.deepen(needs.wants, clientShallow, [], needs.shallow);
  const shallowInfo = asksForDepth(needs.shallow) ? [...shallowLines(update), FLUSH] : [];
  // On a connection the client reads it before it says more; else it opens the one answer.
  if (dialogue === 'stateful') await write(session, shallowInfo);
  const opening = dialogue === 'stateless' ? shallowInfo : [];
  if (needs.wants.length === 0) return write(session, opening);
  const wants = [...needs.wants, ...(await context.parentsOf(update?.unshallow ?? []))];
  const boundary = [...clientShallow, ...(update?.shallow ?? [])];
  const common = new CommonObjects(await context.graphCutAt(boundary), await context.commitsOf(wants));
  const negotiation = new NegotiationV0(needs, common);
  const lastAnswer = await negotiate(session, source, dialogue, context, negotiation);
  if (!lastAnswer?.sendsPack) return write(session, [...opening, ...(lastAnswer?.pkts ?? [])]);
  const order = {
    wants: needs.wants,
    haves: common.ids,
    clientShallow,
    shallowUpdate: update,
    filter: await context.resolve(filter),
    preferences: needs,
  };
  await doHeavyWork(session, async () => {
    await write(session, [...opening, ...lastAnswer.pkts]);
    const channel = channelOf(session, needs);
    await sendPack(session, channel, () => planPack(session, context, order, channel));
  });
}

async function advertise(session: GitSession, snapshot: RepositorySnapshot): Promise<void> {
  const { services, repository, output } = session;
  const list = () => advertiseForUploadPack(uploadAdvertisement(session, repository, snapshot.refs, 'stateful'));
  const { pieces } = await services.refListings.list(snapshot, uploadListingKind(repository), list, 'plain');
  for (const bytes of pieces) await output.write(bytes);
}

/** What the list of refs for fetches depends on beside the refs: see `RefListings`. */
export function uploadListingKind({ gitSettings }: Pick<RepositoryRecord, 'gitSettings'>): string {
  return ['git-upload-pack', ...refsHiddenFromFetches(gitSettings)].join('\n');
}

/** What upload-pack says of a repository before the client speaks. */
export function uploadAdvertisement(
  { version, agent, sessionId }: Pick<GitSession, 'version' | 'agent' | 'sessionId'>,
  { gitSettings, objectFormat }: Pick<RepositoryRecord, 'gitSettings' | 'objectFormat'>,
  refs: RefSnapshot,
  dialogue: GitDialogue,
): AdvertisementContext {
  return {
    refs: visibleRefs(refs, refsHiddenFromFetches(gitSettings)),
    format: objectFormatOf(objectFormat),
    agent,
    version: version === 1 ? 1 : 0,
    sessionId: gitSettings['transfer.advertiseSID'] ? sessionId : undefined,
    offers: uploadOffers(gitSettings, dialogue),
  };
}

function uploadOffers(settings: GitSettings, dialogue: GitDialogue): UploadOffers {
  const any = settings['uploadpack.allowAnySHA1InWant'];
  return {
    tipInWant: any || settings['uploadpack.allowTipSHA1InWant'],
    reachableInWant: any || settings['uploadpack.allowReachableSHA1InWant'],
    noDone: dialogue === 'stateless',
    filter: settings['uploadpack.allowFilter'],
  };
}

function logClient(session: GitSession, { agent, sessionId }: UploadNeeds): void {
  session.log.debug({ clientAgent: agent?.slice(0, 256), clientSessionId: sessionId?.slice(0, 256) }, 'fetch');
}

/** Lines without newlines. */
export function shallowLines(update: ShallowUpdate | undefined): OutgoingPkt[] {
  if (update === undefined) return [];
  return [...update.shallow.map((id) => `shallow ${id}`), ...update.unshallow.map((id) => `unshallow ${id}`)];
}

/**
 * Answers round after round, all but the last.
 *
 * @returns the last answer, which is yet to be written; undefined when the client has no more to say
 */
async function negotiate(
  session: GitSession,
  source: BoundedPktSource,
  dialogue: GitDialogue,
  context: FetchContext,
  negotiation: NegotiationV0,
): Promise<NegotiationAnswer | undefined> {
  const format = objectFormatOf(session.repository.objectFormat);
  for (;;) {
    const round = await readHavesRound(source, format, session.repository.gitSettings['limits.maxNegotiationLines']);
    if (round === undefined) return undefined;
    const answer = negotiation.answer(round, await context.knownHaves(round.haves));
    if (answer.sendsPack || dialogue === 'stateless') return answer;
    await write(session, answer.pkts);
  }
}

function channelOf({ output }: GitSession, { sideBand }: UploadNeeds): PackChannel {
  switch (sideBand) {
    case 'none':
      return new BareChannel(output);
    case 'small':
      return new SideBandChannel(output, SMALL_BAND_PAYLOAD_BYTES);
    case 'large':
      return new SideBandChannel(output);
  }
}

async function write({ output }: GitSession, pkts: Iterable<OutgoingPkt>): Promise<void> {
  for (const bytes of encodePktLines(pkts)) await output.write(bytes);
}
