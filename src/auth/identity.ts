/** Who a credential turned out to belong to, before anything is said about what they may do. */
export interface UserIdentity {
  readonly userId: number;
  readonly login: string;
  readonly siteAdmin: boolean;
}
