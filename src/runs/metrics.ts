/**
 * Metrics over training: `metrics.jsonl`, one JSON object a line, `{"step":12,"loss":0.5}`. A value that JSON cannot
 * hold stands as the text `NaN`, `Infinity` or `-Infinity`.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { writeError, writeFileAtomically } from '../train/atomic-file.js';
import type { Series } from './record.js';

/** The values measured at one step. */
export interface MetricLine {
  /** The step that was run, counted from 0. */
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** What stands in a metrics file. */
export interface Metrics {
  readonly lines: readonly MetricLine[];
  /** 1-based numbers of lines that cannot be read; a killed process may leave one, at the end. */
  readonly unreadable: readonly number[];
}

/** Points that a record keeps of each series. */
export const SERIES_POINTS = 200;
/** How much of a file's end is read to find the last step. */
const TAIL_BYTES = 65_536;

/** One line of the file, with its line feed. */
export function metricText(step: number, values: Readonly<Record<string, number>>): string {
  const fields = Object.entries(values).map(([name, value]) => [
    name,
    Number.isFinite(value) ? value : String(value),
  ]);
  return `${JSON.stringify({ step, ...Object.fromEntries(fields) })}\n`;
}

function parseLine(text: string): MetricLine | null {
  try {
    const { step, ...fields } = JSON.parse(text) as Record<string, unknown>;
    if (typeof step !== 'number' || !Number.isSafeInteger(step)) return null;
    const values = Object.entries(fields).map(([name, value]) => [name, Number(value)] as const);
    return { step, values: Object.fromEntries(values) };
  } catch {
    return null;
  }
}

function parseMetrics(text: string): Metrics {
  const lines: MetricLine[] = [];
  const unreadable: number[] = [];
  const texts = text.split('\n');
  // A whole file ends with a line feed, so that the last piece is empty; anything else there is a torn line.
  texts.forEach((lineText, index) => {
    if (index === texts.length - 1 && lineText === '') return;
    const line = index === texts.length - 1 ? null : parseLine(lineText);
    if (line === null) unreadable.push(index + 1);
    else lines.push(line);
  });
  return { lines, unreadable };
}

/** Reads a metrics file; one that does not exist has no lines. */
export function readMetrics(path: string): Metrics {
  return existsSync(path) ? parseMetrics(readFileSync(path, 'utf8')) : { lines: [], unreadable: [] };
}

/** Adds text to the end of a metrics file. `sync` waits until it is on the disk. */
export function appendMetrics(path: string, text: string, sync: boolean): void {
  try {
    const descriptor = openSync(path, 'a');
    try {
      writeFileSync(descriptor, text);
      if (sync) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw writeError('the metrics', path, error);
  }
}

/**
 * Removes the lines at or after a step, which training that goes on from there will write again, and lines that
 * cannot be read.
 *
 * @returns Numbers of the unreadable lines.
 */
export function cutMetrics(path: string, fromStep: number): readonly number[] {
  const { lines, unreadable } = readMetrics(path);
  const kept = lines.filter(({ step }) => step < fromStep);
  if (kept.length < lines.length || unreadable.length > 0) {
    writeFileAtomically(
      path,
      kept.map(({ step, values }) => metricText(step, values)).join(''),
      'the metrics',
    );
  }
  return unreadable;
}

/** The last step in a metrics file, read from its end; null where there is none. */
export function lastMetricStep(path: string): number | null {
  if (!existsSync(path)) return null;
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(descriptor, tail, 0, tail.length, size - tail.length);
    return parseMetrics(tail.toString('utf8')).lines.at(-1)?.step ?? null;
  } finally {
    closeSync(descriptor);
  }
}

/** At most `points` of the indices 0 to length - 1, evenly spread, the first and the last among them. */
function spreadIndices(length: number, points: number): readonly number[] {
  if (length <= points) return Array.from({ length }, (_, index) => index);
  return Array.from({ length: points }, (_, index) => Math.round((index * (length - 1)) / (points - 1)));
}

/**
 * The series of each metric, thinned to at most `points` points (first and last are kept). NaN and infinite values are
 * left out: they stand in the file alone.
 */
export function thinnedSeries(
  lines: readonly MetricLine[],
  points = SERIES_POINTS,
): Readonly<Record<string, Series>> {
  const full = new Map<string, { steps: number[]; values: number[] }>();
  for (const { step, values } of lines) {
    for (const [name, value] of Object.entries(values)) {
      if (!Number.isFinite(value)) continue;
      const series = full.get(name) ?? { steps: [], values: [] };
      series.steps.push(step);
      series.values.push(value);
      full.set(name, series);
    }
  }
  const thin = ({ steps, values }: Series): Series => {
    const indices = new Set(spreadIndices(steps.length, points));
    return { steps: steps.filter((_, i) => indices.has(i)), values: values.filter((_, i) => indices.has(i)) };
  };
  return Object.fromEntries([...full].map(([name, series]) => [name, thin(series)]));
}
