import type { RunRecord } from '../runs/record.js';
import type { ProvenanceBlock } from './blocks.js';

/** A record without the data of figures and curves, which stand with the figures: 40 records would weigh megabytes. */
function withoutBulk(record: RunRecord): RunRecord {
  const measurements = Object.entries(record.measurements).map(([name, { tables: _, ...measurement }]) => [
    name,
    measurement,
  ]);
  return {
    ...record,
    series: {},
    measurements: Object.fromEntries(measurements) as RunRecord['measurements'],
  };
}

/** Every run that a report rests on. */
export function provenanceOf(records: readonly RunRecord[]): ProvenanceBlock {
  return { type: 'provenance', records: records.map(withoutBulk) };
}
