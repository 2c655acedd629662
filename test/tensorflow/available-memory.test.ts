import { freemem, totalmem } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { availableMemory } from '../../src/tensorflow/available-memory.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('available memory', () => {
  it('is what the system can give', () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(0);
    expect(Math.abs(availableMemory() - freemem())).toBeLessThan(0.2 * totalmem());
    // No limit, as some systems say it.
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(2 ** 64);
    expect(Math.abs(availableMemory() - freemem())).toBeLessThan(0.2 * totalmem());
  });

  it("is no more than a control group's limit leaves", () => {
    const used = process.memoryUsage.rss();
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(used + 50e6);
    expect(Math.abs(availableMemory() - 50e6)).toBeLessThan(20e6);
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(1000);
    expect(availableMemory()).toBe(0);
  });

  it('is what CARE_MEMORY_BYTES says, where it says a number above 0', () => {
    vi.stubEnv('CARE_MEMORY_BYTES', '3e9');
    expect(availableMemory()).toBe(3e9);
    for (const nothing of ['', 'much', '-1']) {
      vi.stubEnv('CARE_MEMORY_BYTES', nothing);
      expect(Math.abs(availableMemory() - freemem())).toBeLessThan(0.2 * totalmem());
    }
  });
});
