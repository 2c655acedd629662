/** One run of a sweep: its settings checked, and the run brought to its end. */
import { defaultImageData } from '../../data/images.js';
import type { ConfigLayer } from '../../runs/configuration.js';
import type { RunRecord } from '../../runs/record.js';
import { openStore } from '../../runs/store.js';
import type { Execution } from '../../tensorflow/compile.js';
import { pretrain } from '../images/pretrain.js';
import { imageConfig } from '../images/settings.js';
import { ENCODER_LABELS } from '../protein/labels.js';
import { measureConfig, singleConfig, type ProteinChoice } from '../protein/settings.js';
import { runProtein, type ProteinPlan } from '../protein/study.js';
import type { StudyEvent } from '../study-event.js';
import { jobLabel, type Sweep, type SweepJob } from './grid.js';

/** What a sweep's run is given beside its settings. */
export interface JobContext {
  readonly sweep: Pick<Sweep, 'experiment' | 'profile' | 'preset'>;
  readonly runs: string;
  readonly dataDir: string | null;
  readonly execution: Execution;
}

export interface JobOptions {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: StudyEvent) => void;
  readonly onRemark?: (remark: string) => void;
}

function layerOf(job: SweepJob): ConfigLayer {
  return { source: `the sweep's run "${jobLabel(job)}"`, values: job.settings };
}

function imageSettings(job: SweepJob, { sweep, dataDir }: JobContext) {
  const { profile, preset } = sweep;
  const data = { 'data.name': defaultImageData(dataDir ?? undefined) };
  return imageConfig({
    profile,
    preset,
    options: { source: 'the data found', values: data },
    overrides: layerOf(job),
  });
}

/** A plan of one run. */
function proteinPlan(job: SweepJob, { profile, preset }: JobContext['sweep']): ProteinPlan {
  const { values, source } = layerOf(job);
  const measures = Object.entries(values).filter(([key]) => key.startsWith('measures.'));
  const choice: ProteinChoice = {
    profile,
    preset,
    overrides: { source, values: Object.fromEntries(measures) },
  };
  const config = singleConfig(choice, layerOf(job));
  const { encoder, seed } = config;
  const label = `${ENCODER_LABELS[encoder]} seed ${seed}`;
  return {
    choice,
    measures: measureConfig(choice),
    runs: [{ encoder, seed, variation: null, label, config }],
  };
}

/** @throws UserError with a line for each setting that does not exist or does not fit. */
export function checkJob(job: SweepJob, context: JobContext): void {
  if (context.sweep.experiment === 'images') imageSettings(job, context);
  else proteinPlan(job, context.sweep);
}

/**
 * Trains and measures the run, or finds it.
 *
 * @throws InterruptedError when the signal came; UserError for data or settings that do not serve.
 */
export async function runJob(
  job: SweepJob,
  context: JobContext,
  options: JobOptions = {},
): Promise<RunRecord> {
  const { sweep, runs, dataDir, execution } = context;
  const { signal, onEvent, onRemark } = options;
  const common = {
    store: openStore(runs),
    execution,
    ...(dataDir === null ? {} : { dataDir }),
    ...(signal === undefined ? {} : { signal }),
    ...(onRemark === undefined ? {} : { onRemark }),
  };
  if (sweep.experiment === 'images') {
    const { config, measures } = imageSettings(job, context);
    const label = jobLabel(job);
    return pretrain({
      ...common,
      config,
      measures,
      profile: sweep.profile,
      preset: sweep.preset,
      onPhase: (phase, progress) =>
        onEvent?.({ index: 0, runs: 1, label, phase, ...(progress === undefined ? {} : { progress }) }),
    });
  }
  const { outcomes } = await runProtein(proteinPlan(job, sweep), {
    ...common,
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  const record = outcomes[0]?.record ?? null;
  if (record === null) throw new Error(`The run "${jobLabel(job)}" left no record.`);
  return record;
}
