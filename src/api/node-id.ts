/** Node ids: strings that clients keep and never read, which lead back to what they name. */

/** GitHub's own prefixes, so that a person recognises what an id is of. */
const PREFIX = {
  User: 'U',
  Organization: 'O',
  Repository: 'R',
  Commit: 'C',
  Tree: 'T',
  Blob: 'B',
  Tag: 'TA',
  Ref: 'REF',
  Activity: 'PSH',
} as const;

export type NodeType = keyof typeof PREFIX;

export interface NodeKey {
  readonly type: NodeType;
  /** The id within the type; for what lives in a repository `<repository id>:<object id or ref name>`. */
  readonly key: string;
}

export function encodeNodeId(type: NodeType, ...key: readonly (number | string)[]): string {
  return `${PREFIX[type]}_${Buffer.from(key.join(':')).toString('base64url')}`;
}

/** @returns undefined for a string that no `encodeNodeId` made */
export function decodeNodeId(nodeId: string): NodeKey | undefined {
  const separator = nodeId.indexOf('_');
  const prefix = nodeId.slice(0, Math.max(separator, 0));
  const type = (Object.keys(PREFIX) as NodeType[]).find((name) => PREFIX[name] === prefix);
  if (!type) return undefined;
  const key = Buffer.from(nodeId.slice(separator + 1), 'base64url').toString();
  return key && encodeNodeId(type, key) === nodeId ? { type, key } : undefined;
}
