/** How scenarios are written: `scenario-request.ts` tells what becomes of the lines. */
import { makeScenarioRepository } from './scenario-repository.ts';

export const { commits, ids } = makeScenarioRepository();
export const MAIN = commits[9];
export const UNKNOWN = '12'.repeat(20);
export const OTHER = '34'.repeat(20);
export const WANT_MAIN = `want ${MAIN}`;

/** By what is special about each. */
export type Scripts = Readonly<Record<string, string>>;

export function lines(...texts: readonly string[]): string {
  return texts.join('\n');
}

export function lsRefs(...args: readonly string[]): string {
  return lines('command=ls-refs', 'object-format=sha1', '0001', ...args, '0000');
}

export function fetchV2(...args: readonly string[]): string {
  return lines('command=fetch', 'object-format=sha1', '0001', ...args, '0000');
}

export function many(count: number, line: (number: number) => string): string {
  return lines(...Array.from({ length: count }, (_, number) => line(number)));
}
