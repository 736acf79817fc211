/** Listens for commits that added work, on a connection of its own that is made again when it breaks. */
import type { Database } from '#db/client.ts';
import { WORK_CHANNEL } from '#db/outbox.ts';

/** @returns a function that ends the listening */
export async function listenForWork(database: Database, onWork: () => void): Promise<() => Promise<void>> {
  // After a reconnection something may have been missed: look.
  const { unlisten } = await database.sql.listen(WORK_CHANNEL, onWork, onWork);
  return unlisten;
}
