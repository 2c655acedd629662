import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { readRecord, recordProblems, writeRecord } from '../../src/runs/record-file.js';
import type { RunRecord } from '../../src/runs/record.js';
import { UserError } from '../../src/runs/user-error.js';
import { packageDir, temporaryFolder } from './compiled-sources.js';
import { someEnvironment, someSpec } from './spec.js';

const root = temporaryFolder('records');
const id = '0123456789ab';
const dir = join(root, id);
const { plannedSteps: _planned, ...facts } = someSpec();
const record: RunRecord = {
  schema: 1,
  id,
  status: 'finished',
  ...facts,
  sessions: [{ startedAt: '2025-11-24T02:36:00.000Z', fromStep: 0, environment: someEnvironment }],
  steps: { planned: 20, done: 20 },
  trainingSeconds: 1.5,
  series: { loss: { steps: [0, 1], values: [2, 1] } },
  measurements: {
    wahba: {
      name: 'wahba',
      settings: { trials: 3 },
      key: 'k',
      estimates: { mean: { value: 3, unit: 'degrees', sd: 0.1, n: 3, kind: 'trials' } },
      tables: { errors: { angle: [1, 2], protein: ['a', 'b'] } },
      measuredAt: '2025-11-24T02:36:00.000Z',
      seconds: 2,
    },
  },
  notes: [],
};

beforeEach(() => {
  mkdirSync(dir, { recursive: true });
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

function problemWith(text: string): UserError {
  writeFileSync(join(dir, 'record.json'), text);
  try {
    readRecord(dir);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('The record was read.');
}

describe('record.schema.json', () => {
  it('is what the types in record.ts say', () => {
    const script = join(packageDir, 'scripts/generate-schema.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

describe('readRecord and writeRecord', () => {
  it('give back a record', () => {
    writeRecord(dir, record);
    expect(readRecord(dir)).toEqual(record);
  });

  it.each<[string, object, RegExp]>([
    ['a wrong type', { ...record, trainingSeconds: '5' }, /at \/trainingSeconds: must be number, found "5"/],
    ['a missing key', { ...record, notes: undefined }, /at \/: must have required property 'notes'/],
    ['an unknown key', { ...record, accuracy: 1 }, /must NOT have additional properties \(accuracy\)/],
    [
      'an unknown status',
      { ...record, status: 'done' },
      /at \/status: .* \(created, running, .*\), found "done"/,
    ],
    [
      'a null deep inside',
      { ...record, series: { loss: { steps: [0], values: [null] } } },
      /at \/series\/loss\/values\/0: must be number/,
    ],
    ['another schema version', { ...record, schema: 2 }, /at \/schema: must be equal to constant/],
  ])('name the run and the place of %s', (_, value, message) => {
    const problem = problemWith(JSON.stringify(value));
    expect(problem.message).toMatch(/^Run 0123456789ab: record.json does not fit the schema/);
    expect(problem.message).toMatch(message);
    expect(problem.hint).toContain(`move the folder ${dir} away`);
    expect(recordProblems(JSON.parse(JSON.stringify(value)))).toHaveLength(1);
  });

  it('name a torn file, a missing one, and one of another run', () => {
    expect(problemWith(JSON.stringify(record).slice(0, 200)).message).toMatch(/cannot be read: .*JSON/);
    expect(problemWith(JSON.stringify({ ...record, id: 'ba9876543210' })).message).toMatch(
      /belongs to run ba9876543210/,
    );
    rmSync(join(dir, 'record.json'));
    expect(() => readRecord(dir)).toThrow(/ENOENT/);
  });

  it('do not write what could not be read again, and leave the old one', () => {
    writeRecord(dir, record);
    expect(() => writeRecord(dir, { ...record, trainingSeconds: NaN })).toThrow(
      /cannot hold NaN \(as "trainingSeconds"\)/,
    );
    expect(() => writeRecord(dir, { ...record, status: 'done' as 'finished' })).toThrow(
      /would be invalid: at \/status/,
    );
    expect(JSON.parse(readFileSync(join(dir, 'record.json'), 'utf8'))).toEqual(record);
  });
});
