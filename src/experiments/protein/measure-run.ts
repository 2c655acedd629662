/** Measures a run of the protein experiment outside of its plan, and keeps what was found in its record. */
import { extname } from 'node:path';
import { hashJson } from '../../runs/canonical-json.js';
import { runningCodeHash } from '../../runs/code-version.js';
import { resolveConfig, type ConfigLayer } from '../../runs/configuration.js';
import type { Measurement, RunRecord } from '../../runs/record.js';
import type { RunStore } from '../../runs/store.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import { ensureMeasured } from '../execute-run.js';
import { checkedNames, checkFinished, checkSameData, specOfRecord } from '../recorded-run.js';
import { trainingSchema } from './config.js';
import { proteinEncoder } from './encoder.js';
import { PROTEIN_MEASURES, type ProteinMeasureName } from './measures.js';
import { measureSchema, profileMeasures, type MeasureConfig } from './settings.js';
import { loadTask, type ProteinTask } from './task.js';

export interface MeasureProteinOptions {
  readonly store: RunStore;
  readonly record: RunRecord;
  /** Names of measures; none: all. */
  readonly names: readonly string[];
  /** Settings over those of the run's profile and the defaults; the last layer wins. */
  readonly layers: readonly ConfigLayer[];
  readonly dataDir?: string;
  readonly signal?: AbortSignal;
  readonly onMeasure?: (name: string) => void;
}

/** What each measure is, in a line. */
export const PROTEIN_MEASURE_LINES: Readonly<Record<ProteinMeasureName, string>> = {
  geometry: "gamma_f, invariance loss, Wahba's error, steering, positive cosine, effective rank, uniformity",
  trajectories: 'paths of turning structures and how round they are (Figures 3 and 17 to 20)',
  axis: 'the first principal component read from the embedding (Figure 4)',
};

function* measurements(
  record: RunRecord,
  task: ProteinTask,
  settings: MeasureConfig,
  weights: TensorDataMap,
  wanted: readonly { readonly name: ProteinMeasureName; readonly key: string }[],
  onMeasure: MeasureProteinOptions['onMeasure'],
): Generator<Measurement> {
  const encoder = proteinEncoder(trainingSchema.parse(record.config), weights, task.clouds);
  try {
    for (const { name, key } of wanted) {
      onMeasure?.(name);
      const startedAt = performance.now();
      const findings = PROTEIN_MEASURES[name](encoder, task, settings);
      const seconds = (performance.now() - startedAt) / 1000;
      yield { name, key, settings, measuredAt: new Date().toISOString(), seconds, ...findings };
    }
  } finally {
    encoder.dispose();
  }
}

/**
 * Measures a finished run, or finds its measurements with the same settings and code. They have the keys of the study's.
 *
 * @throws UserError for a name or setting that does not exist, a run that is not finished, and other data than the run's.
 */
export async function measureProteinRun(
  options: MeasureProteinOptions,
): Promise<{ readonly record: RunRecord; readonly names: readonly ProteinMeasureName[] }> {
  const { store, record, layers, dataDir, signal, onMeasure } = options;
  const known = Object.keys(PROTEIN_MEASURES) as ProteinMeasureName[];
  const names = options.names.length === 0 ? known : checkedNames(options.names, known, record.experiment);
  const config = resolveConfig(measureSchema, profileMeasures(record.profile), ...layers);
  checkFinished(record);
  const task = loadTask(trainingSchema.parse(record.config), dataDir);
  checkSameData(record, task.provenance);
  const code = runningCodeHash(new URL(`./measures${extname(import.meta.url)}`, import.meta.url));
  const keys = names.map((name) => ({ name, key: hashJson({ name, config, code }).slice(0, 16) }));
  const measured = await ensureMeasured(
    store,
    { spec: specOfRecord(record) },
    keys,
    (missing, weights) => {
      const wanted = keys.filter(({ name }) => missing.includes(name));
      return measurements(record, task, config, weights, wanted, onMeasure);
    },
    signal === undefined ? {} : { signal },
  );
  return { record: measured, names };
}
