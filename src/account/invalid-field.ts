/** What a workflow answers when a text that somebody chose cannot be taken. */
export interface InvalidField {
  readonly kind: 'invalid';
  readonly field: 'login' | 'name' | 'description' | 'email' | 'password' | 'token';
  /** A sentence for people. */
  readonly reason: string;
}

export function invalid(field: InvalidField['field'], reason: string): InvalidField {
  return { kind: 'invalid', field, reason };
}
