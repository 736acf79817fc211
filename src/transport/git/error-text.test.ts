import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#git/errors.ts';
import { RepositoryGoneError } from '#repository/errors.ts';
import { errorText, isClientsFault } from './error-text.ts';

describe('errorText', () => {
  it('describes what the client did, and nothing of ours', () => {
    expect(errorText(new ProtocolError('expected flush'), 'r1')).toBe('expected flush');
    expect(errorText(new Error('connection to 10.0.0.1 lost'), 'r1')).toBe('internal server error (request r1)');
  });

  it('says of a repository that goes meanwhile what is said of one that never was, and makes no error of it', () => {
    const error = new RepositoryGoneError(7);
    expect(errorText(error, 'r1')).toBe('repository not found');
    expect(isClientsFault(error)).toBe(true);
    expect(isClientsFault(new Error('x'))).toBe(false);
  });
});
