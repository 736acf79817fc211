/** Which filters of partial clones an owner allows — git-config(1), `uploadpackfilter`; git's `check_one_filter`. */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectFilter } from '#git/filter/object-filter.ts';
import type { GitSettings } from '#repository/git-settings.ts';

/** @throws {ProtocolError} in git's words */
export function requireAllowedFilter(filter: ObjectFilter, settings: GitSettings): void {
  if (!settings[`uploadpackfilter.${filter.kind}.allow`])
    throw new ProtocolError(`filter '${filter.kind}' not supported`);
  if (filter.kind === 'tree') requireAllowedDepth(filter.depth, settings['uploadpackfilter.tree.maxDepth']);
  if (filter.kind === 'combine') for (const part of filter.filters) requireAllowedFilter(part, settings);
}

function requireAllowedDepth(depth: number, depthMax: number): void {
  if (depth > depthMax) throw new ProtocolError(`tree filter allows max depth ${depthMax}, but got ${depth}`);
}
