import { describe, expect, it } from 'vitest';
import { UserError, explainError } from '../../src/runs/user-error.js';

describe('explainError', () => {
  it('gives message and hint, also of another error that carries one', () => {
    expect(explainError(new UserError('Disk full.', 'Free some space.'))).toEqual({
      message: 'Disk full.',
      hint: 'Free some space.',
    });
    expect(explainError(Object.assign(new Error('No compiler.'), { hint: 'Install g++.' })).hint).toBe(
      'Install g++.',
    );
    expect(explainError(Object.assign(new Error('Odd.'), { hint: 5 })).hint).toBeNull();
    expect(explainError('text')).toEqual({ message: 'text', hint: null });
  });
});
