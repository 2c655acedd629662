/** What the records of all experiments say together: data and splits, machines, versions, seeds, time. */
import { FORMS_EXPERIMENT } from '../../experiments/forms/study.js';
import type { Environment, RunRecord } from '../../runs/record.js';
import { bytes } from '../page/provenance.js';
import type { ReproductionResults } from './results.js';

/** The records of all experiments, each once: one run may serve several. */
export function allRecords({ entries }: Pick<ReproductionResults, 'entries'>): readonly RunRecord[] {
  const byId = new Map(
    entries.flatMap(({ records }) => records.map((record) => [record.id, record] as const)),
  );
  return [...byId.values()];
}

function groupedBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): readonly (readonly Item[])[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

/** A data set as it was used. */
export interface DataFact {
  readonly name: string;
  readonly generated: boolean;
  readonly items: number;
  readonly files: number;
  readonly sha256: string;
  /** Items that encoders were trained on. */
  readonly trained: number | null;
  /** Items that were held out for measuring. */
  readonly held: number | null;
  readonly runs: number;
}

/** n of an estimate, where a record has it. */
function countOf(record: RunRecord, measure: string, estimate: string): number | null {
  return record.measurements[measure]?.estimates[estimate]?.n ?? null;
}

/**
 * Items held out: those that the measures over all of them counted. A measure that was told to take fewer counts fewer, so
 * the largest count of several runs is the split.
 */
function heldOut(record: RunRecord): number | null {
  return record.experiment === 'protein'
    ? countOf(record, 'axis', 'linearAcrossStructures')
    : countOf(record, 'knn', 'accuracy');
}

function largest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Data sets by the hash of their files, in the order in which runs name them. */
export function dataFacts(records: readonly RunRecord[]): readonly DataFact[] {
  const groups = groupedBy(records, ({ data: { name, sha256 } }) => `${name} ${sha256}`);
  return groups.flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { name, generated, items, files, sha256 } = first.data;
    const held = largest(group.map(heldOut));
    // A set of proteins is split here; sets of images bring a test set beside the items that are counted.
    const split = first.experiment === 'protein' || first.experiment === FORMS_EXPERIMENT;
    const trained = split ? (held === null ? null : items - held) : items;
    return [{ name, generated, items, files, sha256, trained, held, runs: group.length }];
  });
}

/** A machine with what ran on it. */
export interface MachineFact {
  readonly device: string;
  readonly cores: number;
  readonly memory: string;
  readonly platform: string;
  readonly runs: number;
}

function deviceOf({ device, gpu, cpu, driver }: Environment): string {
  if (device === 'cpu') return cpu.trim();
  return `${gpu ?? 'GPU'}${driver === undefined ? '' : `, driver ${driver}`}`;
}

function environments(
  records: readonly RunRecord[],
): readonly { readonly id: string; readonly environment: Environment }[] {
  return records.flatMap(({ id, sessions }) => sessions.map(({ environment }) => ({ id, environment })));
}

/** Machines, the one with most runs first. */
export function machineFacts(records: readonly RunRecord[]): readonly MachineFact[] {
  const keyOf = (environment: Environment) =>
    [deviceOf(environment), environment.cores, bytes(environment.memoryBytes), environment.platform].join(
      '|',
    );
  return groupedBy(environments(records), ({ environment }) => keyOf(environment))
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const { cores, memoryBytes, platform } = first.environment;
      const runs = new Set(group.map(({ id }) => id)).size;
      return [{ device: deviceOf(first.environment), cores, memory: bytes(memoryBytes), platform, runs }];
    })
    .sort((a, b) => b.runs - a.runs);
}

/** A library with the versions that runs were made with. */
export interface VersionFact {
  readonly software: string;
  readonly versions: readonly string[];
}

/** Versions of all that records name. */
export function versionFacts(records: readonly RunRecord[]): readonly VersionFact[] {
  const all = environments(records).map(({ environment }) => environment);
  const of = (software: string, values: readonly (string | null)[]) => ({
    software,
    versions: [...new Set(values.filter((value) => value !== null))].sort(),
  });
  return [
    of(
      'Node.js',
      all.map(({ node }) => node),
    ),
    of(
      'TensorFlow, native library',
      all.map(({ tensorflow }) => tensorflow),
    ),
    of(
      'TensorFlow.js',
      all.map(({ tfjs }) => tfjs),
    ),
    of(
      'this package',
      records.map(({ code: { version } }) => version),
    ),
  ];
}

/** The numbers from 0 that stand in a row: `0 to 4`; others one by one. */
export function seedText(seeds: readonly number[]): string {
  const sorted = [...new Set(seeds)].sort((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return 'none';
  const whole = sorted.length > 2 && last - first === sorted.length - 1;
  return whole ? `${first} to ${last}` : sorted.join(', ');
}
