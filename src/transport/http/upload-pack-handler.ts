/** `POST /<owner>/<repository>/git-upload-pack`: fetches and clones — gitprotocol-http(5), "Smart Service git-upload-pack". */
import { limits } from '#limits.ts';
import type { ExistingRepository } from '../git/git-access.ts';
import { serveUploadPack } from '../git/upload-pack.ts';
import type { GitExchange } from './git-exchange.ts';

const RESULT_TYPE = 'application/x-git-upload-pack-result';

export async function answerUploadPack(
  exchange: GitExchange,
  { repository, principal }: ExistingRepository,
): Promise<void> {
  try {
    // As in git, the request is read whole before an answer begins, so that neither side waits for the other.
    const body = await exchange.body.readAll(limits.requestBufferMaxBytes);
    const session = exchange.session(repository, principal, exchange.beginning(RESULT_TYPE));
    await serveUploadPack(session, once(body), 'stateless');
    if (!exchange.response.begun) exchange.response.begin(RESULT_TYPE);
    exchange.response.end();
  } catch (error) {
    await exchange.answerError(error, RESULT_TYPE);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
