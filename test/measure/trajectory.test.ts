import { describe, expect, it } from 'vitest';
import { embeddingsFrom, type Embeddings } from '../../src/measure/embeddings.js';
import { measureTrajectory, trajectoryRadius } from '../../src/measure/trajectory.js';
import { mapped, onSphere, orthogonal } from './helpers.js';

/** A circle of the given radius in a random plane of R^d, round a random point. */
function circleInSpace(radius: number, dim: number): Embeddings {
  const rows = Array.from({ length: 100 }, (_, k) => {
    const t = (2 * Math.PI * k) / 100;
    return [radius * Math.cos(t), radius * Math.sin(t), ...new Array<number>(dim - 2).fill(0.3)];
  });
  return mapped(embeddingsFrom(rows), orthogonal(2, dim));
}

describe('measureTrajectory', () => {
  it('finds a circle in R^8, projected and in the full space', () => {
    const found = measureTrajectory(circleInSpace(0.5, 8), onSphere(1, 40, 8));
    expect(found.projected.roundness).toBeCloseTo(1, 5);
    expect(found.full.roundness).toBeCloseTo(1, 5);
    expect(found.plane.explained[0]).toBeCloseTo(0.5, 5);
    expect(Math.abs(found.projected.winding)).toBe(1);
    expect(found.size.radius).toBeCloseTo(0.5, 6);
  });

  it('tells a tiny circle from a large one, though both look round', () => {
    const across = onSphere(1, 40, 8);
    const tiny = measureTrajectory(circleInSpace(0.005, 8), across);
    const large = measureTrajectory(circleInSpace(0.5, 8), across);
    expect(tiny.projected.roundness).toBeGreaterThan(0.999);
    expect(large.size.relative / tiny.size.relative).toBeCloseTo(100, 2);
  });

  it('sees what the projection hides: a circle that shares its variance with another harmonic', () => {
    const rows = Array.from({ length: 100 }, (_, k) => {
      const t = (2 * Math.PI * k) / 100;
      return [2 * Math.cos(t), 2 * Math.sin(t), Math.cos(3 * t), Math.sin(3 * t)];
    });
    const found = measureTrajectory(embeddingsFrom(rows), onSphere(1, 10, 4));
    expect(found.projected.roundness).toBeCloseTo(1, 5);
    // Variances 4 and 1.
    expect(found.full.share).toBeCloseTo(0.8, 6);
    expect(found.full.shares[2]).toBeCloseTo(0.2, 6);
  });

  it('is defined for an invariant encoder: a point of radius 0', () => {
    const point = embeddingsFrom(Array.from({ length: 10 }, () => [0.6, 0.8, 0]));
    const found = measureTrajectory(point, onSphere(1, 10, 3));
    expect(found.projected).toMatchObject({ degenerate: true, roundness: 0 });
    expect(found.full).toMatchObject({ degenerate: true, roundness: 0 });
    expect(found.size.relative).toBeLessThan(1e-7);
  });
});

describe('trajectoryRadius', () => {
  it('by hand: radius 1 in a spread of 2', () => {
    const path = embeddingsFrom([
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ]);
    const across = embeddingsFrom([
      [7, 0],
      [3, 0],
    ]);
    expect(trajectoryRadius(path, across)).toEqual({ radius: 1, spread: 2, relative: 0.5 });
  });

  it('is 0 for an encoder that maps everything to one point', () => {
    const point = embeddingsFrom([
      [1, 0],
      [1, 0],
    ]);
    expect(trajectoryRadius(point, point).relative).toBe(0);
  });

  it('refuses embeddings of two encoders', () => {
    expect(() => trajectoryRadius(onSphere(1, 5, 3), onSphere(1, 5, 4))).toThrow(/3 dimensions and across 4/);
  });
});
