/** `POST verify`: the client has put an object into the store itself — git-lfs, docs/api/basic-transfers.md, "Verification". */
import { z } from 'zod';
import { isOid } from '#lfs/lfs-pointer.ts';
import type { RepositoryAddress } from '../git/git-access.ts';
import { HttpRefusal, notFound } from '../http/http-refusal.ts';
import { authorizeExisting } from './lfs-access.ts';
import type { LfsExchange } from './lfs-exchange.ts';

const verifySchema = z.object({
  oid: z.string().refine(isOid, 'an oid is 64 lower-case hexadecimal digits'),
  size: z.number().int().min(0),
});

export async function answerVerify(exchange: LfsExchange, address: RepositoryAddress): Promise<void> {
  const { repository } = await authorizeExisting(exchange, address, 'write');
  const { oid, size } = await exchange.readJson(verifySchema);
  const { lfsObjects } = exchange.services;
  const outcome = await lfsObjects.verify(repository.id, { oid, sizeBytes: size }, exchange.signal);
  switch (outcome.kind) {
    case 'present':
      return exchange.answerJson(200, { oid, size });
    case 'missing':
      throw notFound('No object of this oid and size was uploaded.');
    case 'wrong-content':
      throw new HttpRefusal(422, 'What was uploaded has another size or another SHA-256, and was removed.');
  }
}
