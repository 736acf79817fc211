/** Secrets that the first process makes and all processes of a forge share. */
import { randomBytes } from 'node:crypto';
import type { Sql } from './client.ts';
import { readOrMakeSetting } from './shared-setting.ts';

const SECRET_BYTES = 32;

/** Asks the database once. What could not be read is asked for again at the next use. */
export class SharedSecret {
  readonly #sql: Sql;
  readonly #name: string;
  #secret: Promise<Buffer> | undefined;

  /** @param name its key among the settings */
  constructor(sql: Sql, name: string) {
    this.#sql = sql;
    this.#name = name;
  }

  /** @returns 32 random bytes, the same in every process */
  read(): Promise<Buffer> {
    this.#secret ??= this.#readOrMake().catch((error: unknown) => {
      this.#secret = undefined;
      throw error;
    });
    return this.#secret;
  }

  async #readOrMake(): Promise<Buffer> {
    const make = () => randomBytes(SECRET_BYTES).toString('base64');
    return Buffer.from(await readOrMakeSetting(this.#sql, this.#name, make), 'base64');
  }
}
