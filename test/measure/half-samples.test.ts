import { describe, expect, it } from 'vitest';
import { effectiveRank } from '../../src/measure/effective-rank.js';
import { meanRow } from '../../src/measure/embeddings.js';
import { estimateByHalves } from '../../src/measure/half-samples.js';
import { sampleSd } from '../../src/measure/statistics.js';
import { onSphere } from './helpers.js';
import { randomStream } from '../../src/tensorflow/random.js';

describe('estimateByHalves', () => {
  it('gives a mean the standard deviation of the mean, sigma / sqrt n', () => {
    const random = randomStream(1);
    const values = Float32Array.from({ length: 400 }, () => 3 * random.normal());
    const found = estimateByHalves({ rows: 400, dim: 1, values }, (e) => meanRow(e)[0] ?? NaN, {
      halves: 400,
    });
    // 3 / sqrt 400 = .15; its own error with 400 halves is some percent.
    expect(Math.abs((found.sd ?? 0) / 0.15 - 1)).toBeLessThan(0.15);
    expect(found).toMatchObject({ n: 400, kind: 'half-samples' });
  });

  it('is the same for the same seed, and never that of a repeated row', () => {
    const rows = onSphere(1, 200, 6);
    const rank = (e: typeof rows) => effectiveRank(e).value;
    const found = estimateByHalves(rows, rank, { seed: 3 });
    expect(estimateByHalves(rows, rank, { seed: 3 })).toEqual(found);
    expect(estimateByHalves(rows, rank, { seed: 4 }).sd).not.toBe(found.sd);
    expect(found.value).toBe(rank(rows));
  });

  it('does not take the bias of a number in few items for its spread', () => {
    // The effective rank of a Gaussian cloud grows with its items, and hardly varies from cloud to cloud.
    const cloud = (seed: number) => {
      const random = randomStream(seed);
      return { rows: 200, dim: 40, values: Float32Array.from({ length: 8000 }, () => random.normal()) };
    };
    const rank = (e: ReturnType<typeof cloud>) => effectiveRank(e).value;
    const ranks = Array.from({ length: 30 }, (_, seed) => rank(cloud(seed)));
    const spread = sampleSd(ranks) ?? NaN;
    const { value, sd = NaN } = estimateByHalves(cloud(99), rank, { halves: 40 });
    expect(sd / spread).toBeGreaterThan(0.4);
    expect(sd / spread).toBeLessThan(3);
    const half = rank({ ...cloud(99), rows: 100, values: cloud(99).values.subarray(0, 4000) });
    expect(value - half).toBeGreaterThan(5 * sd);
  });

  it('needs four rows and two halves', () => {
    expect(() => estimateByHalves(onSphere(1, 3, 2), () => 0)).toThrow(/3 rows/);
    expect(() => estimateByHalves(onSphere(1, 8, 2), () => 0, { halves: 1 })).toThrow(/halves is 1/);
  });
});
