import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { notBuilt } from '../cli/program.js';

vi.setConfig({ testTimeout: 600_000 });

const program = fileURLToPath(new URL('./measure-large.mjs', import.meta.url));
const MEASURES = [
  ...['wahba', 'steering', 'gamma', 'invariance', 'cosines', 'positive', 'composition'],
  ...['rank', 'uniformity', 'knn', 'retrieval', 'probe', 'parameters'],
];

describe.skipIf(notBuilt !== null)(`memory of measures${notBuilt === null ? '' : `: ${notBuilt}`}`, () => {
  it.each(MEASURES)(
    '%s of 50,000 embeddings of 128 stays within 1 GiB, library and data included',
    async (name) => {
      const { stdout } = await promisify(execFile)(process.execPath, [program, name]);
      const peak = Number(stdout.trim().split('\n').at(-1));
      expect(peak).toBeGreaterThan(50);
      expect(peak).toBeLessThan(1024);
    },
  );
});
