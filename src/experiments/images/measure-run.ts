/** Measures a run of the store that was trained on images, and keeps what was found in its record. */
import { hashJson } from '../../runs/canonical-json.js';
import { runningCodeHash, siblingModule } from '../../runs/code-version.js';
import { resolveConfig, type ConfigLayer } from '../../runs/configuration.js';
import type { Measurement, RunRecord } from '../../runs/record.js';
import type { RunStore } from '../../runs/store.js';
import { UserError } from '../../runs/user-error.js';
import { ensureMeasured } from '../execute-run.js';
import { checkedNames, checkFinished, checkSameData, specOfRecord } from '../recorded-run.js';
import { trainingSchema, type ImageConfig } from './config.js';
import { imageMeasureSchema, type MeasureSettings } from './measure-config.js';
import { IMAGE_MEASURES, type ImageMeasureName } from './measures.js';
import { loadImageTask, type ImageTask } from './pretrain.js';
import { probeLayer } from './settings.js';
import type { ImageSubject } from './subject.js';
import { canTransfer, TRANSFER, transferConfig } from './transfer.js';

export interface MeasureRunOptions {
  readonly store: RunStore;
  readonly record: RunRecord;
  /** Names of measures; none: all but those that train for hours. */
  readonly names: readonly string[];
  /** Settings, dotted, over those of the run's profile and the defaults; the last layer wins. */
  readonly layers: readonly ConfigLayer[];
  /** All settings, where they are resolved already; then `layers` do not count. */
  readonly settings?: MeasureSettings;
  readonly dataDir?: string;
  /** The data, where they were loaded before. */
  readonly task?: ImageTask;
  /** Loads the images of `transfer`; left out: from the data folder. */
  readonly taskOf?: (config: ImageConfig) => Promise<ImageTask>;
  readonly signal?: AbortSignal;
  readonly onMeasure?: (name: string) => void;
  readonly onRemark?: (remark: string) => void;
}

const KNOWN = Object.keys(IMAGE_MEASURES) as ImageMeasureName[];

/** Not measured where no name is given: `probe-official` sends all images through the network in every epoch. */
const SLOW: readonly ImageMeasureName[] = ['probe-official'];

/** All but what takes hours, and transfer where there are no images for it. */
function usualNames(
  config: ImageConfig,
  settings: MeasureSettings,
  dataDir: string | undefined,
): readonly ImageMeasureName[] {
  const left = canTransfer(config, settings, dataDir) ? SLOW : [...SLOW, TRANSFER];
  return KNOWN.filter((name) => !left.includes(name));
}

function configOf(record: RunRecord): ImageConfig {
  const parsed = trainingSchema.safeParse(record.config);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UserError(
    `The configuration of run ${record.id} is not of this version: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
    'Train the run again with this version.',
  );
}

function* measurements(
  subject: ImageSubject,
  settings: MeasureSettings,
  wanted: readonly { readonly name: ImageMeasureName; readonly key: string }[],
  onMeasure: MeasureRunOptions['onMeasure'],
): Generator<Measurement> {
  for (const { name, key } of wanted) {
    onMeasure?.(name);
    const startedAt = performance.now();
    const findings = IMAGE_MEASURES[name].measure(subject, settings);
    const seconds = (performance.now() - startedAt) / 1000;
    yield { name, key, settings, measuredAt: new Date().toISOString(), seconds, ...findings };
  }
}

/**
 * Names and keys of measurements: by its key one is known to be current.
 *
 * @param elsewhere - the images of `transfer`, where that is among them; a run's id tells of its own.
 */
export function measureKeys(
  names: readonly ImageMeasureName[],
  settings: MeasureSettings,
  elsewhere: ImageTask | undefined,
): readonly { readonly name: ImageMeasureName; readonly key: string }[] {
  const code = runningCodeHash(siblingModule(import.meta.url, 'measures'));
  return names.map((name) => {
    const data = name === TRANSFER ? { data: elsewhere?.train.provenance.sha256 ?? null } : {};
    return { name, key: hashJson({ name, settings, code, ...data }).slice(0, 16) };
  });
}

/** The images of `transfer`, where that is measured. */
export async function transferTask(
  names: readonly ImageMeasureName[],
  config: ImageConfig,
  settings: MeasureSettings,
  taskOf: (config: ImageConfig) => Promise<ImageTask>,
): Promise<ImageTask | undefined> {
  return names.includes(TRANSFER) ? taskOf(transferConfig(config, settings)) : undefined;
}

/**
 * Measures a finished run, or finds its measurements with the same settings and code.
 *
 * @returns the record and the names that were asked for.
 * @throws UserError for a name or setting that does not exist, a run that is not finished, and other data than the run's.
 */
export async function measureImageRun(
  options: MeasureRunOptions,
): Promise<{ readonly record: RunRecord; readonly names: readonly ImageMeasureName[] }> {
  const { store, record, layers, signal, onMeasure, dataDir } = options;
  checkFinished(record);
  const config = configOf(record);
  const own = probeLayer(record.profile, config.data.name);
  const settings = options.settings ?? resolveConfig(imageMeasureSchema, own, ...layers);
  const names =
    options.names.length === 0
      ? usualNames(config, settings, dataDir)
      : checkedNames(options.names, KNOWN, record.experiment);
  const { taskOf = (of: ImageConfig) => loadImageTask(of, options) } = options;
  const task = options.task ?? (await taskOf(config));
  checkSameData(record, task.train.provenance);
  const elsewhere = await transferTask(names, config, settings, taskOf);
  const keys = measureKeys(names, settings, elsewhere);
  const measured = await ensureMeasured(
    store,
    { spec: specOfRecord(record) },
    keys,
    (missing, weights) => {
      const wanted = keys.filter(({ name }) => missing.includes(name));
      const other = elsewhere === undefined ? {} : { elsewhere };
      return measurements({ config, task, weights, ...other }, settings, wanted, onMeasure);
    },
    signal === undefined ? {} : { signal },
  );
  return { record: measured, names };
}
