import { describe, expect, it } from 'vitest';
import { decodeNodeId, encodeNodeId } from './node-id.ts';

describe('node ids', () => {
  it('lead back to what they name', () => {
    expect(decodeNodeId(encodeNodeId('Repository', 12))).toEqual({ type: 'Repository', key: '12' });
    expect(decodeNodeId(encodeNodeId('Ref', 3, 'refs/heads/a:b'))).toEqual({ type: 'Ref', key: '3:refs/heads/a:b' });
  });

  it('tell types apart that begin alike', () => {
    expect(decodeNodeId(encodeNodeId('Tag', 1, 'ab'))?.type).toBe('Tag');
    expect(decodeNodeId(encodeNodeId('Tree', 1, 'ab'))?.type).toBe('Tree');
  });

  it.each(['', '_', 'R_', 'X_MTI', 'MTI', 'R_MTI=', 'R_M TI'])('refuse %j', (text) => {
    expect(decodeNodeId(text)).toBeUndefined();
  });
});
