import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../src/report/blocks.js';
import { rowVerdict } from '../../../src/report/reproduction/overview.js';

const rowOf = (...verdicts: Verdict[]) => rowVerdict(verdicts.map((verdict) => ({ verdict })));

describe('a row of the paper', () => {
  it('holds only where all its claims do, at the weaker of their verdicts', () => {
    expect(rowOf('reproduced', 'reproduced')).toBe('reproduced');
    expect(rowOf('reproduced', 'direction holds')).toBe('direction holds');
    expect(rowOf('direction holds')).toBe('direction holds');
  });

  it('holds in part where other claims do not, or were not run', () => {
    expect(rowOf('direction holds', 'not reproduced')).toBe('mixed');
    expect(rowOf('direction holds', 'not run')).toBe('mixed');
    expect(rowOf('reproduced', 'not run', 'not run')).toBe('mixed');
  });

  it('does not show where nothing of it does', () => {
    expect(rowOf('not reproduced', 'not run')).toBe('not reproduced');
    expect(rowOf('not run', 'not run')).toBe('not run');
    expect(rowOf()).toBe('not run');
  });
});
