/**
 * The run record: the only source of every number in a notebook or a report.
 *
 * These types are the schema: `record.schema.json` beside this file is generated from them (`npm run build` does it,
 * a test keeps it current) and every record read from disk is checked against it.
 */

/** What may stand in a resolved configuration: plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * What the spread beside an estimate was taken over. A standard deviation without its kind says nothing. `half-samples`:
 * random halves of the items; the standard deviation is that of the value itself. `permutations`: of what was compared.
 * `standard error over ...`: not the spread of the items but that of their mean, or of what is computed from all of them.
 */
export type UncertaintyKind =
  | 'pretraining seeds'
  | 'classifier seeds'
  | 'trials'
  | 'samples'
  | 'structures'
  | 'half-samples'
  | 'permutations'
  | 'standard error over samples'
  | 'standard error over trials';

/** One measured number with its uncertainty. */
export interface Estimate {
  /** The value, in `unit`. */
  readonly value: number;
  /** Unit of the value, e.g. `degrees`; absent for a pure number. */
  readonly unit?: string;
  /** Standard deviation over `n` repetitions of `kind`, or the standard error where `kind` says so; absent where the value is exact for this run. */
  readonly sd?: number;
  readonly n?: number;
  readonly kind?: UncertaintyKind;
}

/** The result of one measure on one run, with all that is needed to know whether it is still current. */
export interface Measurement {
  /** Name of the measure, e.g. `wahba-error`. */
  readonly name: string;
  /** Resolved settings of the measure. */
  readonly settings: Json;
  /** Hash of settings and of the code that measures; a measurement with another key is made anew. */
  readonly key: string;
  /** Named numbers, e.g. `{ mean: ..., worst: ... }`. */
  readonly estimates: { readonly [name: string]: Estimate };
  /** Data behind figures: named columns of numbers or texts, all of one length within a table. */
  readonly tables?: { readonly [name: string]: { readonly [column: string]: readonly (number | string)[] } };
  /** ISO 8601, UTC. */
  readonly measuredAt: string;
  /** Seconds that the measurement took. */
  readonly seconds: number;
}

/** `running` also stands in the record of a run that was killed; the store tells the two apart by the lock. */
export type RunStatus = 'created' | 'running' | 'stopped' | 'finished' | 'failed';

/** The machine and libraries of one session of a run. */
export interface Environment {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  /** Logical cores. */
  readonly cores: number;
  /** Total memory in bytes. */
  readonly memoryBytes: number;
  /** tfjs backend: `tensorflow` (native) or `cpu` (plain JavaScript, slow). */
  readonly backend: string;
  readonly tfjs: string;
  /** Version of the native TensorFlow library, or null on the plain backend. */
  readonly tensorflow: string | null;
  readonly device: 'cpu' | 'gpu';
  readonly gpu?: string;
  readonly driver?: string;
  /** Threads inside one op; 0: TensorFlow's own choice, all cores. */
  readonly intraOpThreads: number;
  readonly interOpThreads: number;
  readonly oneDnn: boolean;
}

/** One stretch of work on a run, from start to stop or end. */
export interface Session {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt?: string;
  /** Step at which the session began and, when it ended in order, the step it reached. */
  readonly fromStep: number;
  readonly toStep?: number;
  /** Seconds of training in this session. */
  readonly seconds?: number;
  readonly environment: Environment;
  /** Why it ended: `finished`, `interrupted`, or the error's message. */
  readonly outcome?: string;
}

/** Where the data came from. The files with their hashes stand in the store's manifest of that hash. */
export interface DataProvenance {
  /** E.g. `PDB docking benchmark` or `generated chains`. */
  readonly name: string;
  /** True when no real data was found and the data were generated. */
  readonly generated: boolean;
  /** sha256 over the sorted list of (file name, size, sha256). */
  readonly sha256: string;
  readonly files: number;
  readonly items: number;
}

/** Where the code stood when the run was made. */
export interface CodeProvenance {
  /** Version of this package. */
  readonly version: string;
  /** Git commit, or null outside a checkout. */
  readonly commit: string | null;
  /** Whether the working tree was clean; null outside a checkout. */
  readonly clean: boolean | null;
  /** Hash of the code that can change the result of training; part of the run's id. */
  readonly trainingHash: string;
}

/** A metric over training. */
export interface Series {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** The record of one run: `runs/<id>/record.json`. */
export interface RunRecord {
  readonly schema: 1;
  /** Hash of all that can change the result: experiment, configuration, data, training code. */
  readonly id: string;
  /** The experiment that the run belongs to, e.g. `protein`. */
  readonly experiment: string;
  /** A short name for tables and legends, e.g. `CARE seed 0`. */
  readonly label: string;
  readonly status: RunStatus;
  /** The profile that set the size: `smoke`, `laptop`, ... */
  readonly profile: string;
  /** The preset that set the method: `paper`, `official-code`. */
  readonly preset: string;
  /** The configuration as resolved, with every default filled in. */
  readonly config: Json;
  readonly seeds: { readonly [name: string]: number };
  readonly data: DataProvenance;
  readonly code: CodeProvenance;
  /** How the step ran: recorded graph in order, recorded graph free-running, or op by op. */
  readonly execution: 'chained' | 'fast' | 'eager';
  readonly sessions: readonly Session[];
  readonly steps: { readonly planned: number; readonly done: number };
  /** Views that went through the encoder per second of training; absent before the first step. */
  readonly viewsPerSecond?: number;
  /** Seconds of training over all sessions. */
  readonly trainingSeconds: number;
  readonly peakMemoryBytes?: number;
  /** Peak memory of the training process on the GPU; absent where there was none or it could not be found out. */
  readonly peakDeviceMemoryBytes?: number;
  /** Metrics over training, thinned to at most 200 points each; the full series is `metrics.jsonl`. */
  readonly series: { readonly [name: string]: Series };
  readonly measurements: { readonly [name: string]: Measurement };
  /** The trained weights: file in the run's folder and its sha256. */
  readonly weights?: { readonly file: string; readonly sha256: string; readonly parameters: number };
  /** Things a reader must know, e.g. that a resumed run used other threads. */
  readonly notes: readonly string[];
}
