/** The protein experiment as a whole: which runs it needs, how to get them, and what they found. */
import { canonicalJson } from '../../runs/canonical-json.js';
import { OBJECTIVES, type Term } from '../../methods/objective.js';
import { siblingModule } from '../../runs/code-version.js';
import type { RunRecord } from '../../runs/record.js';
import { settingsForMethod } from '../method-settings.js';
import {
  type Experiment,
  type ExperimentPlan,
  type Outcome,
  type Readiness,
  type RunVariation,
  type StudyOptions,
} from '../study.js';
import {
  cloudReadiness,
  collectCloudStudy,
  runCloudStudy,
  type CloudResults,
  type CloudStudy,
} from './cloud-study.js';
import { objectiveOf, trainingSchema, type EncoderName, type TrainingConfig } from './config.js';
import { proteinEncoder } from './encoder.js';
import { ENCODER_LABELS } from './labels.js';
import { PROTEIN_MEASURES } from './measures.js';
import {
  measureConfig,
  PROTEIN_PROFILES,
  trainingConfig,
  type MeasureConfig,
  type ProteinChoice,
} from './settings.js';
import { initialWeights, proteinModel, proteinTraining } from './training.js';

export const PROTEIN = 'protein';

/** A run that the experiment needs. */
export interface ProteinRun {
  readonly encoder: EncoderName;
  readonly seed: number;
  readonly variation: RunVariation | null;
  readonly label: string;
  readonly config: TrainingConfig;
}

export interface ProteinPlan {
  readonly choice: ProteinChoice;
  readonly measures: MeasureConfig;
  readonly runs: readonly ProteinRun[];
}

function plannedRun(
  choice: ProteinChoice,
  encoder: EncoderName,
  seed: number,
  variation: RunVariation | null,
): ProteinRun {
  const varied = variation === null ? {} : { [variation.setting]: variation.value };
  const objective = objectiveOf(encoder);
  const terms: readonly Term[] = objective === null ? [] : OBJECTIVES[objective];
  const overrides = settingsForMethod(choice.overrides, terms.includes('equivariance'));
  const suffix = variation === null ? '' : `, ${variation.setting} ${JSON.stringify(variation.value)}`;
  return {
    encoder,
    seed,
    variation,
    label: `${ENCODER_LABELS[encoder]} seed ${seed}${suffix}`,
    config: trainingConfig(
      { ...choice, ...(overrides === undefined ? {} : { overrides }) },
      { encoder, seed, ...varied },
    ),
  };
}

/**
 * The runs of the experiment for a profile and preset: every encoder with every pretraining seed, then the variations of
 * settings that the paper leaves open, with one seed or some.
 *
 * @throws UserError for overrides that are no settings.
 */
export function planProtein(choice: ProteinChoice): ProteinPlan {
  const { seeds, encoders, variations, variedSeeds } = PROTEIN_PROFILES[choice.profile];
  const main = seeds.flatMap((seed) => encoders.map((encoder) => plannedRun(choice, encoder, seed, null)));
  const varied = variations.flatMap(({ setting, values, encoders: which }) =>
    values.flatMap((value) =>
      variedSeeds.flatMap((seed) =>
        which.map((encoder) => plannedRun(choice, encoder, seed, { setting, value })),
      ),
    ),
  );
  // A value that the user chose for all runs varies nothing.
  const known = new Set(main.map(({ config }) => canonicalJson(config)));
  const others = varied.filter(({ config }) => !known.has(canonicalJson(config)));
  return { choice, measures: measureConfig(choice), runs: [...main, ...others] };
}

/** A planned run with its record, or null where it was not run. */
export type ProteinOutcome = Outcome<ProteinRun>;

export type ProteinResults = CloudResults<ProteinRun, ProteinPlan>;

const { geometry, trajectories, axis } = PROTEIN_MEASURES;

const PROTEIN_STUDY: CloudStudy<ProteinRun, MeasureConfig> = {
  experiment: PROTEIN,
  modules: {
    training: siblingModule(import.meta.url, 'training'),
    measures: siblingModule(import.meta.url, 'measures'),
  },
  steps: ({ encoder, config }) => (encoder === 'untrained' ? 0 : config.training.steps),
  weightNames: ({ config }) => proteinModel(config).variables.map(({ name }) => name),
  initialWeights: ({ config }) => initialWeights(config),
  training: ({ encoder, config }, { clouds, train }, execution) => {
    const objective = objectiveOf(encoder);
    return objective === null ? null : () => proteinTraining(config, objective, clouds, train, execution);
  },
  encoder: ({ config }, weights, { clouds }) => proteinEncoder(config, weights, clouds),
  measures: {
    geometry: (encoder, task, _, settings) => geometry(encoder, task, settings),
    trajectories: (encoder, task, _, settings) => trajectories(encoder, task, settings),
    axis: (encoder, task, _, settings) => axis(encoder, task, settings),
  },
};

/**
 * Brings every run of the plan to its end: found in the store, trained, measured.
 *
 * @throws InterruptedError when the signal came; UserError for data, settings or folders that do not serve.
 */
export function runProtein(plan: ProteinPlan, options: StudyOptions): Promise<ProteinResults> {
  return runCloudStudy(PROTEIN_STUDY, plan, options);
}

/** What of a plan is there already. Loads the data, since its hash is part of a run's id, and writes nothing. */
export function readiness(plan: ProteinPlan, options: StudyOptions): Readiness {
  return cloudReadiness(PROTEIN_STUDY, plan, options);
}

/** What a store holds of a plan, without data, engine or training; a missing run is null. */
export function collectProtein(plan: ProteinPlan, records: readonly RunRecord[]): ProteinResults {
  return collectCloudStudy(PROTEIN, plan, records);
}

/** A plan as `care reproduce` sees it. */
function experimentPlan(plan: ProteinPlan): ExperimentPlan {
  return {
    choice: plan.choice,
    runs: plan.runs,
    alike: (run, record) => {
      const planned = trainingSchema.parse(run.config);
      const found = trainingSchema.safeParse(record.config).data;
      const costOf = ({ encoder, data, model, training }: TrainingConfig) =>
        canonicalJson([encoder, data.points, model, training.batch]);
      return found !== undefined && record.experiment === PROTEIN && costOf(planned) === costOf(found);
    },
    readiness: (options) => Promise.resolve(readiness(plan, options)),
    carryOut: async (options) => {
      await runProtein(plan, options);
    },
    only: (runs) => experimentPlan({ ...plan, runs: plan.runs.filter((_, i) => runs.includes(i)) }),
    recorded: (records) =>
      collectProtein(plan, records).outcomes.filter(({ record }) => record !== null).length,
  };
}

export const proteinExperiment: Experiment = {
  name: PROTEIN,
  about: 'does the embedding turn when a protein turns?',
  plan: (choice) => experimentPlan(planProtein(choice)),
};
