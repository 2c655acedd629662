import { describe, expect, it } from 'vitest';
import { memoryOfProcess } from '../../src/tensorflow/device-memory.js';

describe('memory on a GPU', () => {
  it('is that of the process, on all GPUs together', () => {
    const listing = '412, 300\n4121, 1024\n 4121, 512\n99, 7\n';
    expect(memoryOfProcess(listing, 4121)).toBe(1536 * 1024 * 1024);
    expect(memoryOfProcess(listing, 412)).toBe(300 * 1024 * 1024);
  });

  it.each([
    ['no process at all', ''],
    ['other processes only', '99, 7\n'],
    ['a process whose memory is not told', '4121, [N/A]\n'],
    ['an answer that is none', 'No devices were found\n'],
    ['a line cut short', '4121\n'],
    ['an empty number', '4121, \n'],
  ])('is not known from %s', (_, listing) => {
    expect(memoryOfProcess(listing, 4121)).toBeUndefined();
  });
});
