import { describe, expect, it } from 'vitest';
import { visitPairs } from '../../src/measure/pairs.js';

describe('visitPairs', () => {
  it('visits every unordered pair once when there are few', () => {
    const seen: string[] = [];
    expect(visitPairs(4, 6, [0, 0], (i, j) => seen.push(`${i}${j}`))).toBe(6);
    expect(seen).toEqual(['01', '02', '03', '12', '13', '23']);
  });

  it('draws pairs of different rows evenly when there are many', () => {
    const counts = new Map<number, number>();
    const visited = visitPairs(20, 100, [3, 1], (i, j) => {
      expect(i).not.toBe(j);
      for (const k of [i, j]) counts.set(k, (counts.get(k) ?? 0) + 1);
    });
    expect(visited).toBe(100);
    // 200 ends on 20 rows: 10 each, Poisson-like.
    expect(counts.size).toBe(20);
    expect(Math.max(...counts.values())).toBeLessThan(25);
  });
});
