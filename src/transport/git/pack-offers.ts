/**
 * Whole packs that a client takes from addresses of their own instead of from us — git's documentation of "packfile-uris"
 * (technical/packfile-uri). It asks for that by naming the schemes of addresses that it would follow.
 */
import { limits } from '#limits.ts';
import type { PackPlan, WholePack } from '#repository/repository-engine.ts';
import type { GitSession } from './git-session.ts';

export interface PackOffer extends WholePack {
  readonly url: URL;
}

/** @param protocols schemes, such as `https` */
export async function offerPacks(
  { services }: Pick<GitSession, 'services'>,
  { wholePacks }: Pick<PackPlan, 'wholePacks'>,
  protocols: readonly string[],
): Promise<PackOffer[]> {
  const large = wholePacks.filter((pack) => pack.sizeBytes >= limits.packfileUriMinBytes);
  const offers = await Promise.all(
    large.slice(0, limits.packfileUrisMax).map(async (pack) => ({
      ...pack,
      url: await services.storedFiles.addressOf({ kind: 'pack', id: pack.packId }),
    })),
  );
  return offers.filter(({ url }) => protocols.includes(url.protocol.replace(/:$/, '')));
}
