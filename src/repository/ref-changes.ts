/**
 * What becomes of the commands of a push, one after another, against the refs as they are: each compares the old value that it
 * expects, and no ref may be a directory of another. In git's words: the reasons of `ref_transaction_error_msg`, the messages of its
 * files backend (`refs/files-backend.c`).
 */
import type { ObjectId } from '#git/object/object-id.ts';
import type { RefCommand, RefOutcome } from './repository-engine.ts';

/** A command that passed its checks against objects; what is left to check are the other refs. */
export interface CheckedCommand extends RefCommand {
  /** Of the new object, when it is a tag. */
  readonly peeled: ObjectId | undefined;
  /** Whether the repository has the object that the ref is expected to name. Git allows to delete what does not exist when it has not. */
  readonly knowsOldId: boolean;
}

export interface JudgedCommands {
  /** In the order of the commands. */
  readonly outcomes: readonly RefOutcome[];
  /** Whole lines that say more about what was rejected. */
  readonly messages: readonly string[];
  /** What is to be done in the end: at most one command for a name. */
  readonly changes: readonly CheckedCommand[];
}

/** @param current of the refs that commands name, and of those that could stand in their way */
export function judgeCommands(
  commands: readonly CheckedCommand[],
  current: ReadonlyMap<string, ObjectId>,
  mode: 'atomic' | 'one by one',
): JudgedCommands {
  return mode === 'atomic' ? judgeTogether(commands, current) : judgeOneByOne(commands, current);
}

/** Each takes effect before the next is looked at. */
function judgeOneByOne(commands: readonly CheckedCommand[], current: ReadonlyMap<string, ObjectId>): JudgedCommands {
  const refs = new RefNames(current);
  const messages: string[] = [];
  const changes = new Map<string, CheckedCommand>();
  const outcomes = commands.map((command): RefOutcome => {
    const valueFault = findValueFault(command, refs.get(command.name));
    const deletesNothing = valueFault === undefined && isNothing(command, refs);
    if (deletesNothing) messages.push(NOTHING_DELETED);
    const fault = valueFault ?? findNameFault(command, refs);
    if (fault) {
      messages.push(fault.message);
      return { kind: 'rejected', name: command.name, reason: fault.reason };
    }
    if (!deletesNothing)
      changes.set(command.name, { ...command, oldId: changes.get(command.name)?.oldId ?? command.oldId });
    refs.apply(command);
    return { kind: 'ok', name: command.name };
  });
  return { outcomes, messages, changes: [...changes.values()] };
}

/**
 * All are compared with the refs as they were, and take effect together or not at all. A name may come up once, and as in git a ref that
 * goes makes no room yet for one below or above it.
 */
function judgeTogether(commands: readonly CheckedCommand[], current: ReadonlyMap<string, ObjectId>): JudgedCommands {
  const refs = new RefNames(current);
  const nothings = commands.filter((command) => isNothing(command, refs) && !command.knowsOldId);
  const warnings = nothings.map(() => NOTHING_DELETED);
  const twice = findRepeatedName(commands);
  const clash = `error: multiple updates for ref '${twice}' not allowed\n`;
  if (twice !== undefined) return rejectAll(commands, [...warnings, clash]);
  const named = new RefNames(new Map(commands.map(({ name, newId }) => [name, newId])));
  for (const command of commands) {
    const fault =
      findValueFault(command, refs.get(command.name)) ??
      findNameFault(command, refs) ??
      findClash(command, refs, named);
    if (fault) return rejectAll(commands, [...warnings, fault.message]);
  }
  return {
    outcomes: commands.map(({ name }) => ({ kind: 'ok', name })),
    messages: warnings,
    changes: commands.filter((command) => !nothings.includes(command)),
  };
}

function findRepeatedName(commands: readonly CheckedCommand[]): string | undefined {
  const names = new Set<string>();
  return commands.find(({ name }) => names.size === names.add(name).size)?.name;
}

function rejectAll(commands: readonly CheckedCommand[], messages: readonly string[]): JudgedCommands {
  const reason = 'atomic transaction failed';
  return {
    outcomes: commands.map(({ name }) => ({ kind: 'rejected', name, reason })),
    messages,
    changes: [],
  };
}

const NOTHING_DELETED = 'warning: deleting a non-existent ref\n';

/** The deletion of what does not exist: allowed, and no change. */
function isNothing({ name, newId }: RefCommand, refs: RefNames): boolean {
  return isZero(newId) && refs.get(name) === undefined;
}

interface Fault {
  readonly reason: string;
  readonly message: string;
}

function findValueFault(
  { name, oldId, newId, knowsOldId }: CheckedCommand,
  value: ObjectId | undefined,
): Fault | undefined {
  const fault = (reason: string, detail: string) => ({
    reason,
    message: `error: cannot lock ref '${name}': ${detail}\n`,
  });
  if (isZero(oldId))
    return value === undefined ? undefined : fault('reference already exists', 'reference already exists');
  const isOutdated = value === undefined && isZero(newId) && !knowsOldId;
  if (isOutdated) return undefined;
  if (value === undefined) return fault('reference does not exist', `unable to resolve reference '${name}'`);
  if (value === oldId) return undefined;
  return fault('incorrect old value provided', `is at ${value} but expected ${oldId}`);
}

/** As git, which takes the lock of a ref that is not there before it finds nothing to delete. */
function findNameFault({ name }: CheckedCommand, refs: RefNames): Fault | undefined {
  const other = refs.get(name) === undefined ? refs.findConflict(name) : undefined;
  if (other === undefined) return undefined;
  const detail = `'${other}' exists; cannot create '${name}'`;
  return { reason: 'refname conflict', message: `error: cannot lock ref '${name}': ${detail}\n` };
}

/** @param named what the commands name, deletions too */
function findClash({ name }: CheckedCommand, refs: RefNames, named: RefNames): Fault | undefined {
  const other = refs.get(name) === undefined ? named.findConflict(name) : undefined;
  if (other === undefined) return undefined;
  const detail = `cannot process '${name}' and '${other}' at the same time`;
  return { reason: 'refname conflict', message: `error: cannot lock ref '${name}': ${detail}\n` };
}

/** Names of refs as paths: `a` and `a/b` cannot both exist — git-check-ref-format(1), git-update-ref(1). */
class RefNames {
  readonly #values: Map<string, ObjectId>;
  /** Of each directory, the refs below it. */
  readonly #below = new Map<string, Set<string>>();

  constructor(values: ReadonlyMap<string, ObjectId>) {
    this.#values = new Map(values);
    for (const name of values.keys()) this.#place(name);
  }

  get(name: string): ObjectId | undefined {
    return this.#values.get(name);
  }

  apply({ name, newId }: RefCommand): void {
    if (isZero(newId)) {
      this.#values.delete(name);
      for (const folder of foldersOf(name)) this.#below.get(folder)?.delete(name);
    } else {
      this.#values.set(name, newId);
      this.#place(name);
    }
  }

  findConflict(name: string): string | undefined {
    const above = foldersOf(name).find((folder) => this.#values.has(folder));
    return above ?? this.#below.get(name)?.values().next().value;
  }

  #place(name: string): void {
    for (const folder of foldersOf(name)) {
      const names = this.#below.get(folder);
      if (names) names.add(name);
      else this.#below.set(folder, new Set([name]));
    }
  }
}

/** `a`, `a/b` of `a/b/c`. */
export function foldersOf(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

export function isCreation(command: RefCommand): boolean {
  return isZero(command.oldId) && !isZero(command.newId);
}

export function isZero(id: ObjectId): boolean {
  return /^0+$/.test(id);
}
