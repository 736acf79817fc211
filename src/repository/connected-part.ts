/**
 * A pack of what is connected, when some of what a push brought is not. A live pack must have its closure among what is visible, so what
 * git would leave lying in its object store, reachable from nothing, does not come in here.
 */
import type { ObjectId } from '#git/object/object-id.ts';
import type { Ref } from '#git/ref-store.ts';
import { planPack } from './fetch/pack-plan.ts';
import { ingestLimitsOf } from './ingest/ingest-limits.ts';
import { type IngestedPack, ingestPack, type PackIngestDependencies } from './ingest/pack-ingest.ts';
import type { PackFiles } from './pack-files.ts';
import type { PackedObjectStore } from './packed-object-store.ts';
import type { PushRequest } from './repository-engine.ts';

export interface ConnectedPart {
  /** Of the repository and of the push. */
  readonly objects: PackedObjectStore;
  /** What the repository has that counts. */
  readonly visibleRefs: readonly Ref[];
  /** Objects of the push that are connected, and all below them. */
  readonly ids: readonly ObjectId[];
}

/** @returns a pack in storage that no repository lists yet */
export async function ingestConnectedPart(
  dependencies: { readonly ingest: PackIngestDependencies; readonly files: PackFiles },
  request: PushRequest,
  { objects, visibleRefs, ids }: ConnectedPart,
): Promise<IngestedPack | undefined> {
  const { signal, settings } = request;
  const plan = await planPack(objects, dependencies.files, {
    wants: ids,
    haves: visibleRefs.map((ref) => ref.target),
    thinPack: false,
    ofsDelta: true,
    includeTag: false,
    visibleRefs: [],
    clientShallow: [],
    shallowUpdate: undefined,
    filter: undefined,
    signal,
  });
  return ingestPack(dependencies.ingest, {
    format: objects.format,
    pack: plan.stream(),
    packEnd: 'with-source',
    objects,
    bases: undefined,
    // Everything in it was looked at when it came in.
    fsck: { mode: 'off' },
    limits: ingestLimitsOf(settings),
    signal,
    onConsumed: () => {},
    onProgress: () => {},
  });
}
