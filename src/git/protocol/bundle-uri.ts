/** The v2 command `bundle-uri`: where a clone may find most of what it wants — gitprotocol-v2(5), "bundle-uri"; git-config(1), "bundle.*". */
import { ProtocolError } from '#git/errors.ts';
import { FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';

export interface OfferedBundle {
  /** Letters, digits and hyphens. */
  readonly id: string;
  readonly url: URL;
  /** Grows from one bundle of a repository to the next. */
  readonly creationToken: number;
}

/** @throws {ProtocolError} */
export async function readNoArguments(argumentLines: AsyncIterable<string>): Promise<void> {
  for await (const line of argumentLines) throw new ProtocolError(`bundle-uri: unexpected argument: '${line}'`);
}

export function* answerBundleUri(bundle: OfferedBundle | undefined): Generator<OutgoingPkt> {
  if (bundle !== undefined) {
    yield 'bundle.version=1';
    yield 'bundle.mode=all';
    yield 'bundle.heuristic=creationToken';
    yield `bundle.${bundle.id}.uri=${bundle.url}`;
    // In lower case, as git's server sends the names of settings, and the only way in which its client knows this one.
    yield `bundle.${bundle.id}.creationtoken=${bundle.creationToken}`;
  }
  yield FLUSH;
}
