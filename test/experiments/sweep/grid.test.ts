import { describe, expect, it } from 'vitest';
import {
  EXAMPLE,
  checkApart,
  expandSweep,
  jobLabel,
  parseSweep,
  shortLabels,
} from '../../../src/experiments/sweep/grid.js';

const sweep = (more: object) => parseSweep(JSON.stringify({ experiment: 'images', ...more }), 'sweep.json');

describe('a sweep', () => {
  it('is every combination, the last key turning fastest', () => {
    const jobs = expandSweep(
      sweep({ set: { 'data.name': 'cifar10' }, grid: { method: ['care', 'simclr'], seed: [0, 1] } }),
    );
    expect(jobs.map(jobLabel)).toEqual([
      'method care, seed 0',
      'method care, seed 1',
      'method simclr, seed 0',
      'method simclr, seed 1',
    ]);
    expect(jobs[3]?.settings).toEqual({ 'data.name': 'cifar10', method: 'simclr', seed: 1 });
  });

  it('may be of several grids, and runs what is in two of them once', () => {
    const jobs = expandSweep(
      sweep({
        grid: [
          { method: ['care'], 'training.lambda': [0.1, 1] },
          { 'training.lambda': [1], method: ['care'] },
          { method: ['simclr'] },
        ],
      }),
    );
    expect(jobs.map(jobLabel)).toEqual([
      'method care, training.lambda 0.1',
      'method care, training.lambda 1',
      'method simclr',
    ]);
  });

  it('has values of the grid go over those of all runs', () => {
    expect(expandSweep(sweep({ set: { seed: 5 }, grid: { seed: [6] } }))[0]?.settings).toEqual({ seed: 6 });
  });

  it('is told apart by no more than what differs', () => {
    const grid = [
      { method: ['care'], 'training.lambda': [0.1, 1], 'data.seed': [0], seed: [0, 1] },
      { method: ['care'] },
    ];
    expect(shortLabels(expandSweep(sweep({ grid }))).slice(2)).toEqual([
      'lambda 1, data.seed 0, seed 0',
      'lambda 1, data.seed 0, seed 1',
      'one run',
    ]);
  });

  it('has defaults', () => {
    expect(sweep({ grid: { seed: [0] } })).toMatchObject({ profile: 'laptop', preset: 'paper', retries: 1 });
  });

  it('is refused where a setting is both set for all runs and varied', () => {
    const both = { set: { seed: 1, method: 'care' }, grid: [{ method: ['care'] }, { seed: [0] }] };
    expect(() => checkApart(sweep(both))).toThrow(
      /^seed, method: set for all runs, and varied by the grid\.$/,
    );
    expect(() => checkApart(sweep({ set: { method: 'care' }, grid: { seed: [0] } }))).not.toThrow();
  });

  it('is shown by an example that is one', () => {
    expect(expandSweep(parseSweep(EXAMPLE, 'example'))).toHaveLength(6);
  });

  it.each([
    ['{"experiment": "images"', /^s\.json is no JSON: /],
    ['[]', /the file: /],
    ['{"experiment": "imges", "grid": {"seed": [1]}}', /experiment: .*images/],
    ['{"experiment": "images"}', /grid: /],
    ['{"experiment": "images", "grid": {"seed": []}}', /grid/],
    ['{"experiment": "images", "grid": {"seed": [1]}, "retry": 2}', /retry/],
    ['{"experiment": "images", "grid": {"seed": [1]}, "profile": "labtop"}', /profile: /],
  ])('%s is refused with what is wrong', (text, message) => {
    expect(() => parseSweep(text, 's.json')).toThrow(message);
  });
});
