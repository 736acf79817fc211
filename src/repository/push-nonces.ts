/**
 * Nonces of signed pushes: the server says one, the client signs it with its commands, so that no certificate can be played again later or to
 * another repository. All processes of a forge make them with one key, so any of them knows the nonce of any other.
 */
import type { Sql } from '#db/client.ts';
import { SharedSecret } from '#db/shared-secret.ts';
import { objectFormatOf } from '#git/object/object-id.ts';
import { judgeNonce, makePushNonce, type NonceStatus } from '#git/protocol/push-certificate.ts';
import type { RepositoryRecord } from './repository-record.ts';

type SignableRepository = Pick<RepositoryRecord, 'id' | 'gitSettings' | 'objectFormat'>;

export interface CertificateNonce {
  /** What the certificate says. */
  readonly nonce: string | undefined;
  /** What this run of receive-pack said; undefined: it is asked again for each request, and any of ours may come back. */
  readonly issued: string | undefined;
}

export class PushNonces {
  readonly #key: SharedSecret;

  constructor(sql: Sql) {
    this.#key = new SharedSecret(sql, 'push-certificate-key');
  }

  /** @returns undefined where pushes are not to be signed */
  async issue({ id, gitSettings, objectFormat }: SignableRepository): Promise<string | undefined> {
    if (!gitSettings['receive.advertisePushCert']) return undefined;
    return makePushNonce(await this.#key.read(), String(id), secondsNow(), objectFormatOf(objectFormat));
  }

  async judge(repository: SignableRepository, { nonce, issued }: CertificateNonce): Promise<NonceStatus> {
    const { id, gitSettings, objectFormat } = repository;
    const key = await this.#key.read();
    return judgeNonce({
      nonce,
      issued: issued ?? (await this.issue(repository)),
      issueAt: issued ? undefined : (seconds) => makePushNonce(key, String(id), seconds, objectFormatOf(objectFormat)),
      slopSeconds: gitSettings['receive.certNonceSlop'],
    });
  }
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1_000);
}
