import { describe, expect, it } from 'vitest';
import { augmentationCosines } from '../../src/measure/augmentation-cosines.js';
import { embeddingsFrom, type Embeddings } from '../../src/measure/embeddings.js';
import { noisy, onSphere } from './helpers.js';

const circle = (angles: readonly number[]): Embeddings =>
  embeddingsFrom(angles.map((angle) => [Math.cos(angle), Math.sin(angle)]));
const angles = Array.from({ length: 60 }, (_, i) => (2 * Math.PI * i * 7) / 60);

describe('augmentationCosines', () => {
  it('has no variance for an encoder that turns the circle, by whatever angle', () => {
    const pairs = [0.3, 1.2, 3].map((turn) => ({
      from: circle(angles),
      to: circle(angles.map((angle) => angle + turn)),
    }));
    const found = augmentationCosines(pairs);
    expect(found.variance.value).toBeLessThan(1e-12);
    expect(found.mean.value).toBeCloseTo((Math.cos(0.3) + Math.cos(1.2) + Math.cos(3)) / 3, 6);
    // Only the turn by 3 radians takes embeddings to the other side.
    expect(found.opposed.value).toBeCloseTo(1 / 3, 12);
    expect(found.variance).toMatchObject({ n: 3, kind: 'trials' });
    expect(found.perAugmentation[2]?.histogram.counts[0]).toBe(60);
  });

  it('by hand: half of the items stay, half go to the other side', () => {
    const from = circle(angles);
    const to = circle(angles.map((angle, i) => (i % 2 === 0 ? angle : angle + Math.PI)));
    const [one] = augmentationCosines([{ from, to }], { bins: 4 }).perAugmentation;
    expect(one?.mean).toBeCloseTo(0, 6);
    expect(one?.variance).toBeCloseTo(1, 6);
    expect(one?.opposed).toBe(0.5);
    expect(one?.histogram.counts).toEqual([30, 0, 0, 30]);
  });

  it('tells the variance within augmentations from that between them', () => {
    const from = circle(angles);
    const still = augmentationCosines([{ from, to: from }]);
    expect(still.mean.value).toBeCloseTo(1, 6);
    expect(still.variance.value).toBeLessThan(1e-12);
    const unlike = augmentationCosines([{ from, to: noisy(from, 1, 3) }]);
    expect(unlike.variance.value).toBeGreaterThan(0.1);
  });

  it('says what is wrong', () => {
    const from = onSphere(1, 4, 3);
    expect(() => augmentationCosines([])).toThrow(/no augmentations/);
    expect(() => augmentationCosines([{ from, to: onSphere(1, 5, 3) }])).toThrow(/Trial 0: .*4 x 3.*5 x 3/);
    const zero = { ...from, values: from.values.map((x, k) => (k < 3 ? 0 : x)) };
    expect(() => augmentationCosines([{ from, to: zero }])).toThrow(/row 0 of second is zero/);
  });
});
