/** Text of commits and tags: UTF-8 unless the `encoding` header names another — git-commit(1), "DISCUSSION". */
import { decodeLenient } from '#bytes/utf8.ts';

export type Decode = (bytes: Uint8Array) => string;

/**
 * @param encoding the header's value; an unknown one counts as none
 * @returns a function that never throws: bytes that are not of their encoding are read leniently
 */
export function messageDecoder(encoding: string | undefined): Decode {
  const decoder = encoding === undefined ? undefined : decoderOf(encoding);
  // UTF-8 that is not is more often ISO 8859-1 than noise.
  if (!decoder || decoder.encoding === 'utf-8') return decodeLenient;
  return (bytes) => decoder.decode(bytes);
}

function decoderOf(encoding: string): TextDecoder | undefined {
  try {
    return new TextDecoder(encoding.trim());
  } catch {
    return undefined;
  }
}
