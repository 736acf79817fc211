/** The protocol version that a client asks for — gitprotocol-v2(5), "HTTP Transport"; git's `protocol.c`. */
export type ProtocolVersion = 0 | 1 | 2;

/**
 * Reads a `Git-Protocol` header, a colon-separated list of keys and `key=value`: the highest `version` that we know counts,
 * everything else is ignored, and no version is version 0.
 */
export function parseProtocolVersion(header: string | undefined): ProtocolVersion {
  let version: ProtocolVersion = 0;
  for (const item of (header ?? '').split(':')) {
    if (item === 'version=2') return 2;
    if (item === 'version=1') version = 1;
  }
  return version;
}
