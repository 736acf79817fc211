/** `POST /<owner>/<repository>/git-upload-archive`: `git archive --remote=https://…` — git 2.45 and later; `remote-curl.c`, "stateless_connect". */
import { limits } from '#limits.ts';
import type { ExistingRepository } from '../git/git-access.ts';
import { serveUploadArchive } from '../git/upload-archive.ts';
import type { GitExchange } from './git-exchange.ts';

const RESULT_TYPE = 'application/x-git-upload-archive-result';

export async function answerUploadArchive(
  exchange: GitExchange,
  { repository, principal }: ExistingRepository,
): Promise<void> {
  try {
    // The request is read whole before an answer begins, so that neither side waits for the other.
    const body = await exchange.body.readAll(limits.requestBufferMaxBytes);
    await serveUploadArchive(exchange.session(repository, principal, exchange.beginning(RESULT_TYPE)), once(body));
    exchange.response.end();
  } catch (error) {
    await exchange.answerError(error, RESULT_TYPE);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
