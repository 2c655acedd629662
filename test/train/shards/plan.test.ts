import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseShardPlan,
  shardEnvironment,
  threadsOfShard,
  viewsByShard,
} from '../../../src/train/shards/plan.js';
import { UserError } from '../../../src/train/user-error.js';

describe('a plan', () => {
  it('is of --shards, of --gpus, or of both where they agree', () => {
    expect(parseShardPlan({})).toEqual({ count: 1 });
    expect(parseShardPlan({ shards: '4' })).toEqual({ count: 4 });
    expect(parseShardPlan({ gpus: '2, 0' })).toEqual({ count: 2, gpus: ['2', '0'] });
    expect(parseShardPlan({ shards: '1', gpus: '3' })).toEqual({ count: 1, gpus: ['3'] });
  });

  it.each([
    [{ shards: 'two' }, '--shards is two'],
    [{ shards: '0' }, '--shards is 0'],
    [{ shards: '1.5' }, '--shards is 1.5'],
    [{ gpus: '0,,1' }, '"" names no GPU'],
    [{ gpus: '0,1,0' }, 'names GPU 0 twice'],
    [{ shards: '4', gpus: '0,1' }, '--shards 4 and --gpus 0,1 do not agree'],
  ])('is refused: %j', (options, message) => {
    expect(() => parseShardPlan(options)).toThrow(UserError);
    expect(() => parseShardPlan(options)).toThrow(message);
  });

  it('gives each process its GPU and its part of the cores, unless the user said how many', () => {
    const plan = { count: 2, gpus: ['5', '7'] };
    expect([7, 2, 1].map((cores) => threadsOfShard(plan, cores))).toEqual([3, 1, 1]);
    expect(shardEnvironment(plan, 1, { TF_NUM_INTRAOP_THREADS: '9' })).toEqual({
      TF_NUM_INTRAOP_THREADS: '9',
      CUDA_VISIBLE_DEVICES: '7',
    });
    expect(shardEnvironment({ count: 2 }, 0, {})).toEqual({
      TF_NUM_INTRAOP_THREADS: String(threadsOfShard({ count: 2 })),
    });
    expect(shardEnvironment({ count: 1 }, 0, {})).toEqual({});
  });
});

describe('the views', () => {
  it('are divided in their order into equal parts, or not at all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), (n, count) => {
        const views = Array.from({ length: n }, (_, i) => i);
        if (n % count !== 0) {
          expect(() => viewsByShard(views, count)).toThrow(UserError);
          return;
        }
        const parts = viewsByShard(views, count);
        expect(parts.flat()).toEqual(views);
        expect(new Set(parts.map(({ length }) => length))).toEqual(new Set([n / count]));
      }),
    );
  });
});
