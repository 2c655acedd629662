/** Reading, checking and writing `record.json`. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { writeFileAtomically } from '../train/atomic-file.js';
import type { RunRecord } from './record.js';
import { UserError } from './user-error.js';

export const RECORD_FILE = 'record.json';

let validator: ValidateFunction<RunRecord> | undefined;

/** The check against `record.schema.json`, compiled on first use. */
function schemaCheck(): ValidateFunction<RunRecord> {
  if (validator === undefined) {
    const schema = JSON.parse(
      readFileSync(new URL('./record.schema.json', import.meta.url), 'utf8'),
    ) as object;
    validator = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true }).compile<RunRecord>(schema);
  }
  return validator;
}

function describe({ instancePath, message, params, data }: ErrorObject): string {
  const extra = 'additionalProperty' in params ? ` (${String(params.additionalProperty)})` : '';
  const allowed = 'allowedValues' in params ? ` (${(params.allowedValues as unknown[]).join(', ')})` : '';
  const text = JSON.stringify(data) as string | undefined;
  const found = text === undefined || text.length > 60 ? '' : `, found ${text}`;
  return `at ${instancePath === '' ? '/' : instancePath}: ${message ?? 'is wrong'}${extra}${allowed}${found}`;
}

/** What is wrong with a record, one text a problem; an empty list for a valid one. */
export function recordProblems(value: unknown): readonly string[] {
  const check = schemaCheck();
  return check(value) ? [] : (check.errors ?? []).map(describe);
}

/**
 * Reads a run's record and checks it.
 *
 * @param dir The run's folder, named by its id.
 * @throws UserError naming the run, the place in the record and what to do.
 */
export function readRecord(dir: string): RunRecord {
  const id = basename(dir);
  const path = join(dir, RECORD_FILE);
  const hint = `Restore ${path}, or move the folder ${dir} away and run again.`;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`Run ${id}: ${RECORD_FILE} cannot be read: ${reason}`, hint, { cause: error });
  }
  const problems = recordProblems(value);
  if (problems.length > 0) {
    const list = problems.slice(0, 5).join('\n  ');
    throw new UserError(`Run ${id}: ${RECORD_FILE} does not fit the schema:\n  ${list}`, hint);
  }
  const record = value as RunRecord;
  if (record.id !== id) {
    const message = `Run ${id}: ${RECORD_FILE} at /id: belongs to run ${record.id}`;
    throw new UserError(message, `Rename the folder to ${record.id}, or move it away.`);
  }
  return record;
}

/** Whether a folder holds a run record. */
export function hasRecord(dir: string): boolean {
  return existsSync(join(dir, RECORD_FILE));
}

/** JSON would turn NaN into null without a word. */
function finiteOnly(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new Error(
      `A run record cannot hold ${value} (as "${key}"): leave the number out, or say it in a note.`,
    );
  }
  return value;
}

/**
 * Writes a run's record, whole or not at all.
 *
 * @throws Error when it would not fit the schema (a NaN does not), UserError when it cannot be written.
 */
export function writeRecord(dir: string, record: RunRecord): void {
  const text = `${JSON.stringify(record, finiteOnly, 1)}\n`;
  const problems = recordProblems(JSON.parse(text));
  if (problems.length > 0) {
    throw new Error(`The record of run ${basename(dir)} would be invalid: ${problems.join('; ')}`);
  }
  writeFileAtomically(join(dir, RECORD_FILE), text, 'the run record');
}
