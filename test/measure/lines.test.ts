import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLine, encodeLine, lineAngle, MEAN_RANDOM_ANGLE, type Line } from '../../src/measure/lines.js';
import { randomStream } from '../../src/tensorflow/random.js';

function lineFrom(seed: number): Line {
  const stream = randomStream(seed, 4);
  const v = [stream.normal(), stream.normal(), stream.normal()] as const;
  const length = Math.hypot(...v);
  return [v[0] / length, v[1] / length, v[2] / length];
}

const opposite = ([x, y, z]: Line): Line => [-x, -y, -z];

describe('lines', () => {
  it('measures angles by hand, small ones too', () => {
    expect(lineAngle([1, 0, 0], [0, 1, 0])).toBeCloseTo(90, 12);
    expect(lineAngle([1, 0, 0], [-1, 0, 0])).toBe(0);
    expect(lineAngle([1, 0, 0], [Math.SQRT1_2, 0, -Math.SQRT1_2])).toBeCloseTo(45, 12);
    expect(lineAngle([1, 0, 0], [Math.cos(1e-9), Math.sin(1e-9), 0]) / ((180 / Math.PI) * 1e-9)).toBeCloseTo(
      1,
      6,
    );
  });

  it('encodes v and -v alike, decodes to the same line, and keeps distances', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9999 }), (seed) => {
        const [a, b] = [lineFrom(seed), lineFrom(seed + 10_000)];
        expect(encodeLine(opposite(a))).toEqual(encodeLine(a));
        expect(lineAngle(decodeLine(encodeLine(a)), a)).toBeLessThan(1e-5);
        // ||a a^T - b b^T||_F^2 = 2 - 2 (a.b)^2 = 2 sin^2.
        const [p, q] = [encodeLine(a), encodeLine(b)];
        const squared = p.reduce((sum, x, k) => sum + (x - (q[k] ?? NaN)) ** 2, 0);
        expect(squared).toBeCloseTo(2 * Math.sin((lineAngle(a, b) * Math.PI) / 180) ** 2, 9);
      }),
      { numRuns: 50 },
    );
  });

  it('has 1 radian as the mean angle of random lines', () => {
    const count = 20_000;
    let sum = 0;
    for (let k = 0; k < count; k++) sum += lineAngle(lineFrom(k), [0, 0, 1]);
    // Standard deviation of an angle 21.6 degrees: 0.15 for the mean.
    expect(Math.abs(sum / count - MEAN_RANDOM_ANGLE)).toBeLessThan(0.6);
  });
});
