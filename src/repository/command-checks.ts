/**
 * What is decided about the commands of a push before refs are locked, check by check in the order of git's `execute_commands`
 * (`builtin/receive-pack.c`), with its reasons and messages. What depends on the refs as they are then is `ref-transaction.ts`.
 *
 * An atomic push with a command that is refused here is refused whole; git's goes on without commands that were hidden or had
 * objects missing. What else differs is in docs/decisions/076.
 */
import { fromHex } from '#bytes/hex.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { parseTag } from '#git/object/tag.ts';
import { isHiddenRef } from '#git/refs/hidden-refs.ts';
import { BRANCH_PREFIX, checkPushedRefName } from '#git/refs/ref-name.ts';
import { isAncestor } from '#git/walk/ancestry.ts';
import { limits } from '#limits.ts';
import { type GitSettings, refsHiddenFromPushes } from './git-settings.ts';
import type { PackedObjectStore } from './packed-object-store.ts';
import { type CheckedCommand, isZero } from './ref-changes.ts';
import type { RefCommand } from './repository-engine.ts';
import type { Connection } from './unconnected-objects.ts';

export interface CommandCheckContext {
  /** Of the repository and of the push. */
  readonly objects: PackedObjectStore;
  readonly settings: GitSettings;
  readonly headTarget: string;
  readonly atomic: boolean;
  /** How what a command points its ref at is connected. */
  readonly connectionOf: (id: ObjectId) => Promise<Connection>;
  readonly onMessage: (line: string) => void;
}

export type CommandCheck =
  | { readonly kind: 'checked'; readonly command: CheckedCommand }
  /** Its ref moves with that of another command. */
  | { readonly kind: 'implied' }
  | { readonly kind: 'rejected'; readonly reason: string };

const ATOMIC_FAILURE = 'atomic push failure';

/** @returns a check for each command, in their order */
export async function checkCommands(
  context: CommandCheckContext,
  commands: readonly RefCommand[],
): Promise<readonly CommandCheck[]> {
  const drafts = commands.map((command) => new Draft(command));
  for (const draft of drafts) draft.reason = await findConnectionFault(context, draft.command);
  for (const draft of drafts) draft.reason ??= findForbiddenName(context, draft.command);
  rejectInconsistentAliases(context, drafts);
  const checks: CommandCheck[] = [];
  for (const draft of drafts) {
    const check = await checkUpdate(context, draft);
    checks.push(check);
    if (!context.atomic || check.kind !== 'rejected' || draft.reason !== undefined) continue;
    // git looks at no further command, and all that had no reason of their own get this one.
    draft.reason = check.reason;
    return drafts.map(rejectWithOthers);
  }
  return context.atomic && drafts.some(({ reason }) => reason !== undefined) ? drafts.map(rejectWithOthers) : checks;
}

class Draft {
  readonly command: RefCommand;
  reason: string | undefined;
  isImplied = false;

  constructor(command: RefCommand) {
    this.command = command;
  }
}

function rejectWithOthers({ reason = ATOMIC_FAILURE }: Draft): CommandCheck {
  return { kind: 'rejected', reason };
}

async function findConnectionFault(
  { connectionOf, onMessage }: CommandCheckContext,
  { newId, name }: RefCommand,
): Promise<string | undefined> {
  if (isZero(newId)) return undefined;
  switch (await connectionOf(newId)) {
    case 'connected':
      return undefined;
    case 'shallow':
      onMessage(`error: ${name}: this server keeps whole histories; "git fetch --unshallow" gets you one\n`);
      return 'shallow update not allowed';
    case 'missing':
      return 'missing necessary objects';
  }
}

function findForbiddenName(
  { settings }: CommandCheckContext,
  { name, newId, refusal }: RefCommand,
): string | undefined {
  if (refusal !== undefined) return refusal;
  if (/^refs\/(?:for|for-review|drafts|publish)\//.test(name)) {
    return 'no changes for review here: push a branch, then open a pull request from it';
  }
  if (!isHiddenRef(name, refsHiddenFromPushes(settings))) return undefined;
  return isZero(newId) ? 'deny deleting a hidden ref' : 'deny updating a hidden ref';
}

/** HEAD is the one alias: pushed beside the branch that it names, it must say the same, and is then not moved itself. */
function rejectInconsistentAliases({ headTarget, onMessage }: CommandCheckContext, drafts: readonly Draft[]): void {
  const target = drafts.find(({ command }) => command.name === headTarget);
  if (!target) return;
  for (const draft of drafts) {
    if (draft.command.name !== 'HEAD' || draft.reason !== undefined) continue;
    draft.isImplied = true;
    const [a, b] = [draft.command, target.command];
    if (a.oldId === b.oldId && a.newId === b.newId) continue;
    onMessage(
      `error: refusing inconsistent update between symref 'HEAD' (${shortRange(a)}) and its target '${b.name}' (${shortRange(b)})\n`,
    );
    draft.reason = 'inconsistent aliased update';
    target.reason = 'inconsistent aliased update';
  }
}

function shortRange({ oldId, newId }: RefCommand): string {
  return `${oldId.slice(0, 7)}..${newId.slice(0, 7)}`;
}

/** git's `update`. */
async function checkUpdate(context: CommandCheckContext, { command, reason, isImplied }: Draft): Promise<CommandCheck> {
  if (reason !== undefined) return { kind: 'rejected', reason };
  if (isImplied) return { kind: 'implied' };
  const fault = await findUpdateFault(context, command);
  if (fault) {
    for (const line of fault.messages ?? []) context.onMessage(`error: ${line}\n`);
    return { kind: 'rejected', reason: fault.reason };
  }
  const isDeletion = isZero(command.newId);
  const peeled = isDeletion ? undefined : await peel(context.objects, command.newId);
  const knowsOldId = isDeletion && (await isVisible(context, command.oldId));
  return { kind: 'checked', command: { ...command, peeled, knowsOldId } };
}

interface Fault {
  readonly reason: string;
  readonly messages?: readonly string[];
}

async function findUpdateFault(context: CommandCheckContext, command: RefCommand): Promise<Fault | undefined> {
  const { name, oldId, newId } = command;
  const check = checkPushedRefName(Buffer.from(name), limits.refNameMaxBytes);
  if (check.kind === 'refused') {
    return { reason: check.reason, messages: [`refusing to create funny ref '${name}' remotely`] };
  }
  // Who names no old value deletes nothing: the transaction refuses it where the ref exists.
  if (isZero(newId)) return isZero(oldId) ? undefined : findDeletionFault(context, name);
  if (!isZero(oldId) && name.startsWith(BRANCH_PREFIX) && context.settings['receive.denyNonFastForwards']) {
    const fault = await findFastForwardFault(context, command);
    if (fault) return fault;
  }
  const header = await context.objects.header(newId);
  if (name.startsWith(BRANCH_PREFIX) && header?.type !== 'commit') {
    const message = `cannot update ref '${name}': trying to write non-commit object ${newId} to branch '${name}'`;
    return { reason: 'invalid new value provided', messages: [message] };
  }
  return undefined;
}

function findDeletionFault({ settings, headTarget }: CommandCheckContext, name: string): Fault | undefined {
  if (settings['receive.denyDeletes'] && name.startsWith(BRANCH_PREFIX)) {
    return { reason: 'deletion prohibited', messages: [`denying ref deletion for ${name}`] };
  }
  if (settings['receive.denyDeleteCurrent'] && name === headTarget) {
    return {
      reason: 'deletion of the current branch prohibited',
      messages: [`refusing to delete the current branch: ${name}`],
    };
  }
  return undefined;
}

async function findFastForwardFault(
  context: CommandCheckContext,
  { name, oldId, newId }: RefCommand,
): Promise<Fault | undefined> {
  const graph = await context.objects.commitGraph();
  const [from, to] = [graph.positionOfSlot(fromHex(oldId), 0), graph.positionOfSlot(fromHex(newId), 0)];
  if (from < 0 || to < 0 || !(await isVisible(context, oldId))) return { reason: 'bad ref' };
  if (isAncestor(graph, from, to)) return undefined;
  return {
    reason: 'non-fast-forward',
    messages: [`denying non-fast-forward ${name} (you should pull first)`],
  };
}

/** An old value that is there and hidden is as good as not there: a reason that differs would tell that it exists. */
async function isVisible({ connectionOf }: CommandCheckContext, id: ObjectId): Promise<boolean> {
  return !isZero(id) && (await connectionOf(id)) !== 'missing';
}

/** @returns what a tag leads to in the end; undefined for other objects */
async function peel(objects: PackedObjectStore, id: ObjectId): Promise<ObjectId | undefined> {
  let target = id;
  while ((await objects.header(target))?.type === 'tag') {
    target = parseTag((await objects.read(target)).body, objects.format).targetId;
  }
  return target === id ? undefined : target;
}
