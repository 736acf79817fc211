/** Moves a ref as a push without a pack does, so that the rules for pushes hold for the API. */
import type { UserPrincipal } from '#auth/principal.ts';
import type { RefCommand } from '#repository/repository-engine.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { requiresAuthentication } from './access.ts';
import { ApiError } from './error.ts';
import type { Call } from './route.ts';

type RefWriteCall = Pick<Call<unknown, unknown, unknown, RepositoryRecord>, 'principal' | 'services' | 'target'>;

/** @throws {ApiError} 422 with the reason for which a push would have been refused */
export async function moveRef(call: RefWriteCall, command: RefCommand): Promise<void> {
  const outcome = await call.services.engine.receive({
    repositoryId: call.target.id,
    actorId: actorOf(call).userId,
    commands: [command],
    settings: call.target.gitSettings,
    shallowIds: [],
    // One command alone: as part of a whole it would be refused without its own reason.
    atomic: false,
    pushOptions: [],
    pack: undefined,
    // Not the caller's: a move that began is finished, whoever is there to read of it.
    signal: new AbortController().signal,
    onPackConsumed: () => {},
    onProgress: () => {},
  });
  const [ref] = outcome.refs;
  if (outcome.unpackError !== undefined) throw new ApiError(422, outcome.unpackError);
  if (ref?.kind !== 'ok') throw new ApiError(422, ref?.reason ?? 'Reference cannot be updated');
}

function actorOf(call: RefWriteCall): UserPrincipal {
  if (call.principal.kind !== 'user') throw requiresAuthentication();
  return call.principal;
}
