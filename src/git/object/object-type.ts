/** The four kinds of objects and their numbers in a pack entry — gitformat-pack(5), "Object types". */
export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export const TYPE_NUMBER = { commit: 1, tree: 2, blob: 3, tag: 4 } as const satisfies Record<ObjectType, number>;

const TYPE_NAME = [undefined, 'commit', 'tree', 'blob', 'tag'] as const;

/** @returns undefined for numbers that name no kind of object, deltas among them */
export function objectTypeOf(typeNumber: number): ObjectType | undefined {
  return TYPE_NAME[typeNumber];
}

export function isObjectType(text: string): text is ObjectType {
  return Object.hasOwn(TYPE_NUMBER, text);
}
