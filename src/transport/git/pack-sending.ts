/** Sends the pack that answers a fetch, through whatever channel the client asked for. */
import type { ObjectFilter } from '#git/filter/object-filter.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { PackChannel } from '#git/pkt-line/side-band.ts';
import type { PackPreferences } from '#git/protocol/pack-preferences.ts';
import type { PackPlan, ShallowUpdate } from '#repository/repository-engine.ts';
import type { FetchContext } from './fetch-context.ts';
import type { GitSession } from './git-session.ts';

export interface PackOrder {
  readonly wants: readonly ObjectId[];
  readonly haves: readonly ObjectId[];
  readonly clientShallow: readonly ObjectId[];
  readonly shallowUpdate: ShallowUpdate | undefined;
  readonly filter: ObjectFilter | undefined;
  readonly preferences: PackPreferences;
}

/** Sends the pack and ends the channel; an error on the way ends it too, in the channel's own manner. */
export async function sendPack(
  session: GitSession,
  channel: PackChannel,
  plan: () => Promise<PackPlan>,
  without?: ReadonlySet<string>,
): Promise<void> {
  channel.startKeepalive();
  try {
    for await (const chunk of (await plan()).stream(without)) await channel.data(chunk);
    await channel.end();
  } catch (error) {
    channel.stopKeepalive();
    if (session.signal.aborted) throw error;
    await channel.fail(session.describe(error));
  }
}

/** @param channel where progress is told */
export function planPack(
  { services, signal }: GitSession,
  { snapshot, visible }: FetchContext,
  order: PackOrder,
  channel: PackChannel,
): Promise<PackPlan> {
  const { wants, haves, clientShallow, shallowUpdate, filter, preferences } = order;
  const { thinPack, ofsDelta, includeTag, noProgress } = preferences;
  return services.engine.planPack(snapshot, {
    wants,
    haves,
    thinPack,
    ofsDelta,
    includeTag,
    visibleRefs: visible.refs,
    clientShallow,
    shallowUpdate,
    filter,
    signal,
    ...(noProgress ? {} : { onProgress: (line: string) => channel.progress(line) }),
  });
}
