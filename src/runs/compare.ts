/** What differs between two runs. */
import { canonicalJson } from './canonical-json.js';
import type { Environment, Estimate, Json, RunRecord } from './record.js';

/** One differing thing; `null` where a side does not have it. */
export interface Difference {
  readonly name: string;
  readonly a: Json;
  readonly b: Json;
}

/** One number of a measurement on both sides. */
export interface EstimatePair {
  /** `measure.estimate`. */
  readonly name: string;
  readonly a: Estimate | null;
  readonly b: Estimate | null;
}

export interface RunComparison {
  readonly a: string;
  readonly b: string;
  /** Experiment, label, profile, preset, seeds, way of execution. */
  readonly run: readonly Difference[];
  /** Differing configuration keys, dotted. */
  readonly config: readonly Difference[];
  readonly data: readonly Difference[];
  readonly code: readonly Difference[];
  /** Differing keys of the environments of the last sessions. */
  readonly environment: readonly Difference[];
  /** Every estimate that either run has. */
  readonly measurements: readonly EstimatePair[];
}

type Leaves = ReadonlyMap<string, Json>;

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every value of a JSON tree under its dotted path; lists are values. */
function leaves(value: Json, path = ''): Leaves {
  if (!isObject(value)) return new Map([[path, value]]);
  const inner = Object.entries(value).map(([key, item]) =>
    leaves(item, path === '' ? key : `${path}.${key}`),
  );
  return new Map(inner.flatMap((map) => [...map]));
}

function differing(a: Json, b: Json): readonly Difference[] {
  const [leavesA, leavesB] = [leaves(a), leaves(b)];
  return [...new Set([...leavesA.keys(), ...leavesB.keys()])]
    .map((name) => ({ name, a: leavesA.get(name) ?? null, b: leavesB.get(name) ?? null }))
    .filter((pair) => canonicalJson(pair.a) !== canonicalJson(pair.b));
}

/** A typed part of a record as the JSON that it is. */
function plain(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

function runFacts({ experiment, label, profile, preset, seeds, execution, status }: RunRecord): Json {
  return { experiment, label, status, profile, preset, seeds, execution };
}

function lastEnvironment(record: RunRecord): Environment | null {
  return record.sessions.at(-1)?.environment ?? null;
}

function estimatesOf(record: RunRecord): ReadonlyMap<string, Estimate> {
  return new Map(
    Object.values(record.measurements).flatMap(({ name, estimates }) =>
      Object.entries(estimates).map(([key, estimate]) => [`${name}.${key}`, estimate] as const),
    ),
  );
}

/** Compares two runs key by key. */
export function compareRuns(a: RunRecord, b: RunRecord): RunComparison {
  const [estimatesA, estimatesB] = [estimatesOf(a), estimatesOf(b)];
  const names = [...new Set([...estimatesA.keys(), ...estimatesB.keys()])];
  return {
    a: a.id,
    b: b.id,
    run: differing(runFacts(a), runFacts(b)),
    config: differing(a.config, b.config),
    data: differing(plain(a.data), plain(b.data)),
    code: differing(plain(a.code), plain(b.code)),
    environment: differing(plain(lastEnvironment(a) ?? {}), plain(lastEnvironment(b) ?? {})),
    measurements: names.map((name) => ({
      name,
      a: estimatesA.get(name) ?? null,
      b: estimatesB.get(name) ?? null,
    })),
  };
}
