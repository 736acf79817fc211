/** The text in front of a bundle's pack — gitformat-bundle(5). */
import type { ObjectFormat } from '../object/object-id.ts';
import type { Ref } from '../ref-store.ts';

/**
 * Of a bundle without prerequisites: whoever has nothing can use it.
 *
 * Version 3 is for what version 2 cannot say, such as another object format; the oldest clients know 2 alone.
 */
export function encodeBundleHeader(format: ObjectFormat, refs: readonly Ref[]): Uint8Array {
  const signature = format.name === 'sha1' ? '# v2 git bundle\n' : `# v3 git bundle\n@object-format=${format.name}\n`;
  const lines = refs.map((ref) => `${ref.target} ${ref.name}\n`);
  return Buffer.from(`${signature}${lines.join('')}\n`);
}
