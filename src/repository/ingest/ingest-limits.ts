/** What one push may bring, as its repository allows: within what `limits.ts` allows all. */
import { limits } from '#limits.ts';
import type { GitSettings } from '../git-settings.ts';

export interface IngestLimits {
  readonly packMaxBytes: number;
  readonly objectsMax: number;
  readonly objectMaxBytes: number;
  /** A larger object is taken with a warning. */
  readonly objectWarnBytes: number;
  /** An object that has to be whole in memory. */
  readonly objectInMemoryMaxBytes: number;
  readonly inflatedMaxBytes: number;
  readonly inflationRatioMax: number;
  readonly treeEntriesMax: number;
  readonly deltaDepthMax: number;
  /** Trees inside each other; the outermost has depth 0. */
  readonly treeDepthMax: number;
}

export function ingestLimitsOf(settings: GitSettings): IngestLimits {
  const objectMaxBytes = settings['limits.maxObjectSize'];
  return {
    // As in git, 0 is no bound of the repository's own.
    packMaxBytes: settings['receive.maxInputSize'] || limits.packMaxBytes,
    objectsMax: settings['limits.maxObjects'],
    objectMaxBytes,
    objectWarnBytes: settings['limits.warnObjectSize'],
    objectInMemoryMaxBytes: Math.min(limits.objectInMemoryMaxBytes, objectMaxBytes),
    inflatedMaxBytes: settings['limits.maxInflatedSize'],
    inflationRatioMax: settings['limits.maxInflationRatio'],
    treeEntriesMax: settings['limits.maxTreeEntries'],
    deltaDepthMax: settings['limits.maxDeltaDepth'],
    treeDepthMax: settings['core.maxTreeDepth'],
  };
}
