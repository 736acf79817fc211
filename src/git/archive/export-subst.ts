/** `$Format:…$` in files with the attribute export-subst — gitattributes(5), "Creating an archive". */

const MARK = Buffer.from('$Format:');
const DOLLAR = 0x24;

/** @param expand makes of a format, which is a byte string, what `git log --format` makes of it for the archived commit */
export async function expandFormats(
  body: Uint8Array,
  expand: (format: string) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const source = Buffer.from(body.buffer, body.byteOffset, body.length);
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    const start = source.indexOf(MARK, at);
    const end = start < 0 ? -1 : source.indexOf(DOLLAR, start + MARK.length);
    if (end < 0) break;
    pieces.push(source.subarray(at, start), await expand(source.toString('latin1', start + MARK.length, end)));
    at = end + 1;
  }
  return at === 0 ? body : Buffer.concat([...pieces, source.subarray(at)]);
}
