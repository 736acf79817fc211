/** On a connection, where a client says more after each answer. */
import { FETCH_V0 } from './fetch-scripts.ts';
import {
  commits,
  fetchV2,
  ids,
  lines,
  lsRefs,
  MAIN,
  OTHER,
  type Scripts,
  UNKNOWN,
  WANT_MAIN,
} from './scenario-script.ts';

const needs = (mode: string) => [`want ${MAIN} side-band-64k ${mode}`, '0000'];

export const STATEFUL_V0: Scripts = {
  // What over HTTP ends in a flush goes on.
  ...Object.fromEntries(
    Object.entries(FETCH_V0)
      .filter(([name]) =>
        /^(had: .*"multi_ack_detailed"|depth \d|a boundary|done|the small side band|no capabilities)/.test(name),
      )
      .map(([name, script]) => [name, script.endsWith('\n0000') ? `${script}\ndone` : script]),
  ),
  ...Object.fromEntries(
    ['', 'multi_ack', 'multi_ack_detailed'].flatMap((mode) =>
      Object.entries({
        'nothing in common for two rounds': [`have ${UNKNOWN}`, '0000', `have ${OTHER}`, '0000', 'done'],
        'something in common in the second round': [`have ${UNKNOWN}`, '0000', `have ${commits[2]}`, '0000', 'done'],
        'more after something in common': [
          `have ${commits[2]}`,
          '0000',
          `have ${commits[4]}`,
          `have ${UNKNOWN}`,
          '0000',
          'done',
        ],
        'the same in two rounds': [`have ${commits[2]}`, '0000', `have ${commits[2]}`, '0000', 'done'],
        'one side in one round, one in another': [
          `have ${ids.side}`,
          '0000',
          `have ${commits[6]}`,
          '0000',
          `have ${UNKNOWN}`,
          'done',
        ],
        'rounds without haves': ['0000', '0000', `have ${commits[2]}`, 'done'],
        'a malformed line in the second round': [`have ${commits[2]}`, '0000', 'frotz', 'done'],
      }).map(([name, rest]) => [`${name}, by "${mode}"`, lines(...needs(mode), ...rest)]),
    ),
  ),
  'nothing wanted': '0000',
};

export const STATEFUL_V2: Scripts = {
  nothing: '0000',
  'a listing, then nothing': lines(lsRefs('peel'), '0000'),
  'a listing, then a fetch': lines(lsRefs('peel'), fetchV2(WANT_MAIN, 'done'), '0000'),
  'two listings': lines(lsRefs('peel'), lsRefs('symrefs', 'ref-prefix HEAD'), '0000'),
  'two rounds': lines(
    fetchV2(WANT_MAIN, `have ${UNKNOWN}`),
    fetchV2(WANT_MAIN, `have ${UNKNOWN}`, `have ${ids.side}`),
    fetchV2(WANT_MAIN, `have ${ids.side}`, 'done'),
    '0000',
  ),
  'an unknown command after a good one': lines(lsRefs('peel'), 'command=frotz', '0000'),
  'a malformed line after a good command': lines(lsRefs('peel'), fetchV2('frotz')),
  'a fetch after a fetch': lines(
    fetchV2('deepen 1', WANT_MAIN, 'done'),
    fetchV2(`want ${commits[3]}`, 'filter tree:0', 'done'),
    '0000',
  ),
  'haves alone, then a fetch': lines(
    fetchV2('wait-for-done', `have ${commits[2]}`),
    fetchV2(WANT_MAIN, `have ${commits[2]}`, 'done'),
    '0000',
  ),
  'no last flush': lsRefs('symrefs'),
};
