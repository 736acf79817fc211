/** Pushes without a client: straight into the engine, all or nothing. */
import { DEFAULT_GIT_SETTINGS } from '#repository/git-settings.ts';
import type { RefCommand, RepositoryEngine } from '#repository/repository-engine.ts';

export interface EnginePush {
  readonly repositoryId: number;
  readonly commands: readonly RefCommand[];
  readonly pack: Buffer | undefined;
  readonly actorId?: number;
}

/** @throws when anything of it is refused */
export async function pushIntoEngine(engine: RepositoryEngine, push: EnginePush): Promise<void> {
  const { repositoryId, commands, pack, actorId } = push;
  const outcome = await engine.receive({
    repositoryId,
    actorId,
    settings: DEFAULT_GIT_SETTINGS,
    shallowIds: [],
    commands,
    atomic: true,
    pushOptions: [],
    pack: pack && piecesOf(pack),
    signal: AbortSignal.timeout(60_000),
    onPackConsumed: () => undefined,
    onProgress: () => undefined,
  });
  const refused = outcome.refs.filter((ref) => ref.kind !== 'ok');
  if (outcome.unpackError !== undefined || refused.length > 0) throw new Error(`push: ${JSON.stringify(outcome)}`);
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
