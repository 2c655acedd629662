import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  appendMetrics,
  cutMetrics,
  lastMetricStep,
  metricText,
  readMetrics,
  thinnedSeries,
  type MetricLine,
} from '../../src/runs/metrics.js';
import { UserError } from '../../src/runs/user-error.js';
import { temporaryFolder } from './compiled-sources.js';

const dir = temporaryFolder('metrics');
const path = join(dir, 'metrics.jsonl');
afterAll(() => {
  rmSync(dir, { recursive: true });
});

function write(steps: readonly number[], tail = ''): void {
  writeFileSync(path, steps.map((step) => metricText(step, { loss: step / 3 })).join('') + tail);
}

describe('metrics file', () => {
  it('gives back what was written, NaN and infinities too', () => {
    rmSync(path, { force: true });
    expect(readMetrics(path)).toEqual({ lines: [], unreadable: [] });
    expect(lastMetricStep(path)).toBeNull();
    appendMetrics(path, metricText(0, { loss: 0.1, rate: 1e-7 }), false);
    appendMetrics(path, metricText(1, { loss: NaN, up: Infinity, down: -Infinity }), true);
    expect(readMetrics(path).lines).toEqual([
      { step: 0, values: { loss: 0.1, rate: 1e-7 } },
      { step: 1, values: { loss: NaN, up: Infinity, down: -Infinity } },
    ]);
    expect(lastMetricStep(path)).toBe(1);
  });

  it('drops a torn last line, wherever it was torn', () => {
    const torn = metricText(12, { loss: 4.5 });
    for (let length = 1; length < torn.length; length++) {
      write([10, 11], torn.slice(0, length));
      expect(readMetrics(path)).toMatchObject({ lines: [{ step: 10 }, { step: 11 }], unreadable: [3] });
      expect(lastMetricStep(path)).toBe(11);
    }
  });

  it('cuts at a step, so that going on from there doubles nothing', () => {
    write([0, 1, 2, 3, 3, 4], '{"step":5,"lo');
    expect(cutMetrics(path, 3)).toEqual([7]);
    expect(readFileSync(path, 'utf8')).toBe(
      [0, 1, 2].map((step) => metricText(step, { loss: step / 3 })).join(''),
    );
    expect(cutMetrics(path, 3)).toEqual([]);
    expect(cutMetrics(join(dir, 'none'), 0)).toEqual([]);
  });

  it('passes over a damaged line in the middle and tells its number', () => {
    write([0], 'garbage\n');
    appendFileSync(path, metricText(1, { loss: 1 }));
    expect(readMetrics(path)).toMatchObject({ lines: [{ step: 0 }, { step: 1 }], unreadable: [2] });
  });

  it('says so when it cannot be written', () => {
    expect(() => appendMetrics(join(dir, 'none', 'metrics.jsonl'), 'x', false)).toThrow(UserError);
  });

  it('finds the last step of a file longer than its tail', () => {
    write(Array.from({ length: 5000 }, (_, step) => step));
    expect(lastMetricStep(path)).toBe(4999);
  });
});

describe('thinnedSeries', () => {
  const lines = (length: number): MetricLine[] =>
    Array.from({ length }, (_, step) => ({ step, values: { loss: step * step } }));

  it('keeps everything up to the limit, and beyond it the first, the last and evenly spread ones', () => {
    expect(thinnedSeries(lines(7), 7).loss?.steps).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(thinnedSeries(lines(9), 5).loss).toEqual({ steps: [0, 2, 4, 6, 8], values: [0, 4, 16, 36, 64] });
  });

  it('never has more than 200 points, nor gaps of more than one step over the mean', () => {
    fc.assert(
      fc.property(fc.integer({ min: 201, max: 3000 }), (length) => {
        const { steps = [], values = [] } = thinnedSeries(lines(length)).loss ?? {};
        expect(steps.length).toBe(200);
        expect([steps[0], steps.at(-1)]).toEqual([0, length - 1]);
        expect(values).toEqual(steps.map((step) => step * step));
        const gaps = steps.slice(1).map((step, i) => step - (steps[i] ?? 0));
        expect(Math.max(...gaps)).toBeLessThanOrEqual(Math.ceil((length - 1) / 199));
        expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  it('gathers metrics that were logged at different steps and leaves out what is not finite', () => {
    const mixed: MetricLine[] = [
      { step: 0, values: { loss: 1 } },
      { step: 0, values: { rate: 5 } },
      { step: 1, values: { loss: NaN, rate: 6 } },
    ];
    expect(thinnedSeries(mixed)).toEqual({
      loss: { steps: [0], values: [1] },
      rate: { steps: [0, 1], values: [5, 6] },
    });
  });
});
