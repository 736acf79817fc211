/**
 * upload-pack: serves fetches and clones — gitprotocol-pack(5), gitprotocol-v2(5); git's `upload-pack.c`. What carries the bytes is the
 * session's business.
 */
import { BoundedPktSource } from '#git/pkt-line/bounded-pkt-source.ts';
import { encodePktLine } from '#git/pkt-line/encode.ts';
import { PktLineReader } from '#git/pkt-line/pkt-line-reader.ts';
import { limits } from '#limits.ts';
import { OverloadedError } from '#repository/admission.ts';
import type { GitDialogue, GitSession } from './git-session.ts';
import { serveUploadPackV0 } from './upload-pack-v0.ts';
import { serveUploadPackV2 } from './upload-pack-v2.ts';

/**
 * Serves one run of upload-pack. What is wrong with a request is told to the client in the protocol.
 *
 * @param input what the client sends, at its own pace
 * @throws what cannot be told there: that the client has left, or is to come back later
 */
export async function serveUploadPack(
  session: GitSession,
  input: AsyncIterable<Uint8Array>,
  dialogue: GitDialogue,
): Promise<void> {
  const source = new BoundedPktSource(new PktLineReader(input), limits.requestBufferMaxBytes);
  try {
    if (session.version === 2) await serveUploadPackV2(session, source, dialogue);
    else await serveUploadPackV0(session, source, dialogue);
  } catch (error) {
    // Over HTTP a client is sent away with a status, and comes back later.
    const isTurnedAway = error instanceof OverloadedError && dialogue === 'stateless';
    if (session.signal.aborted || isTurnedAway) throw error;
    await session.output.write(encodePktLine(`ERR ${session.describe(error)}`));
  }
}
