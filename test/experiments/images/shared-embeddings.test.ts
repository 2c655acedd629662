import { describe, expect, it, vi } from 'vitest';
import type { ImageEmbeddings } from '../../../src/experiments/images/embedding.js';
import { sharedEmbeddings } from '../../../src/experiments/images/shared-embeddings.js';

/** Two images in 3 and 1 dimensions: 32 bytes. */
function made(value: number): ImageEmbeddings {
  const of = (dim: number) => ({ rows: 2, dim, values: new Float32Array(2 * dim).fill(value) });
  return { features: of(3), embeddings: of(1) };
}

describe('embeddings that measures share', () => {
  it('are made once for a subject and what they depend on', () => {
    const subject = {};
    const make = vi.fn(() => made(1));
    const first = sharedEmbeddings(subject, { trial: 0 }, make);
    expect(sharedEmbeddings(subject, { trial: 0 }, make)).toBe(first);
    expect(make).toHaveBeenCalledTimes(1);
    expect(sharedEmbeddings(subject, { trial: 1 }, () => made(2))).toEqual(made(2));
    expect(sharedEmbeddings({}, { trial: 0 }, () => made(3))).toEqual(made(3));
  });

  it('are made anew where they would take more memory than is allowed, with what fits kept', () => {
    const subject = {};
    const make = vi.fn(() => made(1));
    sharedEmbeddings(subject, 0, make, 40);
    sharedEmbeddings(subject, 1, make, 40);
    sharedEmbeddings(subject, 1, make, 40);
    expect(make).toHaveBeenCalledTimes(3);
    sharedEmbeddings(subject, 0, make, 40);
    expect(make).toHaveBeenCalledTimes(3);
  });
});
