/** What a client says about the pack that it wants to get, in every version of the protocol — gitprotocol-capabilities(5). */
export interface PackPreferences {
  /** Deltas may name bases that only the client has. */
  readonly thinPack: boolean;
  readonly ofsDelta: boolean;
  /** Add annotated tags whose target is sent. */
  readonly includeTag: boolean;
  readonly noProgress: boolean;
}
