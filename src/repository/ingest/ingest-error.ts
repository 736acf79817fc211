/** Errors on their way from a thread: structured cloning keeps no classes, so they travel by name. */
import {
  CollisionAttackError,
  CorruptObjectError,
  CorruptPackError,
  GitError,
  LimitExceededError,
} from '#git/errors.ts';
import { FsckError } from '#git/fsck/fsck-gate.ts';
import { WrongTypeError } from '#git/pack/pack-report.ts';

const CLASSES = {
  CollisionAttackError,
  CorruptPackError,
  CorruptObjectError,
  LimitExceededError,
  FsckError,
  WrongTypeError,
};

export function flattenError(error: unknown): { name: string; message: string } {
  if (error instanceof GitError) return { name: error.name, message: error.message };
  return { name: 'Error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

export function restoreError(flat: { name: string; message: string }): Error {
  const ErrorClass = Object.hasOwn(CLASSES, flat.name) ? CLASSES[flat.name as keyof typeof CLASSES] : Error;
  return new ErrorClass(flat.message);
}
