import { describe, expect, it } from 'vitest';
import { estimateOf, type Quantity } from '../../src/report/compared.js';
import type { Estimate, RunRecord } from '../../src/runs/record.js';

const quantity: Quantity = { measure: 'gamma', estimate: 'gamma', title: 'gamma', lowerIsBetter: true };

/** A record as it is read back from JSON, which has no NaN. */
function recordWith(estimate: Partial<Estimate>): RunRecord {
  const record = { measurements: { gamma: { estimates: { gamma: estimate } } } };
  return JSON.parse(JSON.stringify(record)) as RunRecord;
}

describe('what a record says of a quantity', () => {
  it('is its estimate, with its uncertainty', () => {
    expect(estimateOf(recordWith({ value: 0.5, sd: 0.1 }), quantity)).toEqual({ value: 0.5, sd: 0.1 });
  });

  it('is nothing where it was no number, or was not measured', () => {
    expect(estimateOf(recordWith({ value: NaN }), quantity)).toBeUndefined();
    expect(estimateOf(recordWith({ value: Infinity }), quantity)).toBeUndefined();
    expect(estimateOf(recordWith({ value: 1 }), { ...quantity, measure: 'wahba' })).toBeUndefined();
    expect(estimateOf(null, quantity)).toBeUndefined();
  });

  it('may be derived from its tables, and is nothing where that fails', () => {
    const record = recordWith({ value: 1 });
    expect(estimateOf(record, { ...quantity, derive: () => 3 })).toEqual({ value: 3 });
    expect(estimateOf(record, { ...quantity, derive: () => NaN })).toBeUndefined();
  });
});
