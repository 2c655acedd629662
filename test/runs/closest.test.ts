import { describe, expect, it } from 'vitest';
import { closest, editDistance } from '../../src/runs/closest.js';
import { parsePreset } from '../../src/runs/presets.js';
import { parseProfile } from '../../src/runs/profiles.js';
import { UserError } from '../../src/runs/user-error.js';

describe('editDistance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['lambda', 'lambda', 0],
    ['stpes', 'steps', 2],
  ])('from %j to %j is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe('closest', () => {
  it('finds the nearest name, in whatever case, and nothing where all are far', () => {
    expect(closest('Lamda', ['steps', 'lambda', 'lambdas'])).toBe('lambda');
    expect(closest('temperature', ['steps', 'lambda'])).toBeNull();
    expect(closest('x', [])).toBeNull();
  });
});

describe('names of profiles and presets', () => {
  it('are taken when known', () => {
    expect([parseProfile('smoke'), parsePreset('official-code')]).toEqual(['smoke', 'official-code']);
  });
  it.each([
    [
      () => parseProfile('labtop'),
      /Did you mean "laptop"\? Choose one of smoke, laptop, overnight, workstation, paper/,
    ],
    [() => parsePreset('official'), /Choose one of paper, official-code/],
  ])('are suggested when not (%#)', (parse, hint) => {
    let problem: unknown;
    try {
      parse();
    } catch (error) {
      problem = error;
    }
    expect(problem).toBeInstanceOf(UserError);
    expect((problem as UserError).hint).toMatch(hint);
  });
});
