import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { principalAxis, principalComponent } from '../../src/data/principal-axis.js';

describe('principalComponent', () => {
  it('finds axis and eigenvalues of a cloud worked out by hand', () => {
    // +-3 along (1,1,0)/sqrt(2), +-2 along (1,-1,0)/sqrt(2), +-1 along z, moved by (5,6,7).
    // Covariance: 2*9/6, 2*4/6, 2*1/6 along those axes.
    const h = Math.SQRT1_2;
    const cloud = Float32Array.from(
      [
        [3 * h, 3 * h, 0],
        [2 * h, -2 * h, 0],
        [0, 0, 1],
      ].flatMap(([x = 0, y = 0, z = 0]) => [5 + x, 6 + y, 7 + z, 5 - x, 6 - y, 7 - z]),
    );
    const { axis, eigenvalues, gap } = principalComponent(cloud);
    expect(axis).toEqual([h, h, 0].map((value) => expect.closeTo(value, 5) as number));
    expect(eigenvalues).toEqual([3, 4 / 3, 1 / 3].map((value) => expect.closeTo(value, 4) as number));
    expect(gap).toBeCloseTo((3 - 4 / 3) / 3, 5);
    expect(principalAxis(cloud)).toEqual(axis);
  });

  it('turns with the cloud, up to sign', () => {
    const base = [4, 1, 0, -4, -1, 0.5, 1, 2, 1, -1, -2, -1.5, 0.5, 0, 0, 0.2, 0.9, -0.7];
    const before = principalAxis(Float32Array.from(base));
    fc.assert(
      fc.property(fc.double({ min: 0, max: 6.28, noNaN: true }), (angle) => {
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        const turned = base.map((value, i) => {
          const axis = i % 3;
          const [x = 0, y = 0] = base.slice(i - axis, i - axis + 2);
          return axis === 0 ? c * x - s * y : axis === 1 ? s * x + c * y : value;
        });
        const after = principalAxis(Float32Array.from(turned));
        const expected = [c * before[0] - s * before[1], s * before[0] + c * before[1], before[2]];
        const cosine = after.reduce((sum, value, i) => sum + value * (expected[i] ?? 0), 0);
        expect(Math.abs(cosine)).toBeCloseTo(1, 5);
      }),
    );
  });

  it('says when the axis is arbitrary or certain', () => {
    const octahedron = Float32Array.of(1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1);
    expect(principalComponent(octahedron).gap).toBeCloseTo(0, 6);
    const line = principalComponent(Float32Array.of(0, 0, -1, 0, 0, 0, 0, 0, 3));
    expect(line.gap).toBeCloseTo(1, 6);
    expect(line.axis).toEqual([0, 0, 1].map((value) => expect.closeTo(value, 6) as number));
    expect(principalComponent(new Float32Array(12))).toMatchObject({ eigenvalues: [0, 0, 0], gap: 0 });
  });

  it('refuses what is no cloud', () => {
    expect(() => principalComponent(new Float32Array(0))).toThrow(/^0 coordinates/);
    expect(() => principalComponent(new Float32Array(4))).toThrow(/^4 coordinates/);
    expect(() => principalComponent(Float32Array.of(0, 1, Number.NaN))).toThrow(/not finite/);
  });
});
