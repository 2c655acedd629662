import { describe, expect, it } from 'vitest';
import { embeddingsFrom } from '../../src/measure/embeddings.js';
import { histogramOf, positiveCosine } from '../../src/measure/positive-cosine.js';
import { mapped, onSphere, orthogonal } from './helpers.js';

describe('positiveCosine', () => {
  it('by hand: cosines 1, 0, -1 and 0.6, whatever the lengths', () => {
    const first = embeddingsFrom([
      [1, 0],
      [2, 0],
      [1, 1],
      [5, 0],
    ]);
    const second = embeddingsFrom([
      [3, 0],
      [0, 1],
      [-2, -2],
      [3, 4],
    ]);
    const found = positiveCosine(first, second, { bins: 4 });
    [1, 0, -1, 0.6].forEach((cosine, i) => expect(found.cosines[i]).toBeCloseTo(cosine, 7));
    expect(found.mean.value).toBeCloseTo(0.15, 7);
    // Squared deviations .7225 + .0225 + 1.3225 + .2025 = 2.27, over 3.
    expect(found.mean.sd).toBeCloseTo(Math.sqrt(2.27 / 3), 6);
    expect(found.mean).toMatchObject({ n: 4, kind: 'samples' });
    expect(found.histogram.edges).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(found.histogram.counts).toEqual([1, 0, 1, 2]);
  });

  it('does not change when both views are turned together', () => {
    const [a, b, turn] = [onSphere(1, 20, 5), onSphere(2, 20, 5), orthogonal(3, 5)];
    const turned = positiveCosine(mapped(a, turn), mapped(b, turn)).mean.value;
    expect(turned).toBeCloseTo(positiveCosine(a, b).mean.value, 6);
  });

  it('loses no value of a histogram, not even one that rounding put outside', () => {
    expect(histogramOf([-1.0000001, 1.0000001, 1, -1], -1, 1, 2).counts).toEqual([2, 2]);
    expect(() => histogramOf([], -1, 1, 0)).toThrow(/bins is 0/);
  });

  it('names the row that has no direction', () => {
    const first = embeddingsFrom([
      [1, 0],
      [2, 0],
    ]);
    expect(() =>
      positiveCosine(
        first,
        embeddingsFrom([
          [1, 0],
          [0, 0],
        ]),
      ),
    ).toThrow(/row 1 of second is zero/);
  });
});
