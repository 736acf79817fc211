/**
 * May the client have what it wants? — gitprotocol-v2(5), "fetch"; git's `check_non_tip` in `upload-pack.c`.
 *
 * Git over v2 gives out any object whose id one knows. We do not: a want is the target of a visible ref, what a tag leads to, or
 * something that a visible ref reaches. That is for clients that saw the refs before somebody moved them, and for those that
 * have left objects out and fetch them one by one.
 */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectId } from '#git/object/object-id.ts';

export interface WantRules {
  /** Of visible refs. */
  readonly tips: ReadonlySet<ObjectId>;
  /** More that may be asked for: tips of hidden refs, where they may. */
  readonly hiddenTips: readonly ObjectId[];
  /** Whether more than tips may be asked for, and if so, which of some ids. */
  readonly allows: ((ids: readonly ObjectId[]) => Promise<readonly boolean[]>) | undefined;
}

/** @throws {ProtocolError} names the first want that is not the client's to have, in git's words */
export async function checkWants(wants: readonly ObjectId[], rules: WantRules): Promise<void> {
  const hiddenTips = new Set(rules.hiddenTips);
  const others = wants.filter((id) => !rules.tips.has(id) && !hiddenTips.has(id));
  if (others.length === 0) return;
  const allowed = await rules.allows?.(others);
  const refused = others.find((_, index) => !allowed?.[index]);
  if (refused !== undefined) throw new ProtocolError(`upload-pack: not our ref ${refused}`);
}
