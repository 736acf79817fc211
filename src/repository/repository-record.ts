/** A repository as the catalogue knows it: everything but its refs and objects. */
import type { RepositoryFacts } from '#auth/permission.ts';
import type { ObjectFormatName } from '#git/object/object-id.ts';
import type { GitSettings } from './git-settings.ts';

export interface RepositoryRecord extends RepositoryFacts {
  readonly name: string;
  readonly ownerLogin: string;
  readonly description: string | undefined;
  readonly homepage: string | undefined;
  readonly objectFormat: ObjectFormatName;
  /** Full name of the ref that HEAD names: `refs/heads/main`. */
  readonly headTarget: string;
  readonly gitSettings: GitSettings;
  readonly refsVersion: number;
  readonly packsVersion: number;
  readonly sizeBytes: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly pushedAt: Date | undefined;
}
