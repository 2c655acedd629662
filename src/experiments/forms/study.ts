/** L_equi with other bilinear forms as a whole: which runs it needs, how to get them, and what records hold of them. */
import { canonicalJson } from '../../runs/canonical-json.js';
import { siblingModule } from '../../runs/code-version.js';
import { resolveConfig, type ConfigLayer } from '../../runs/configuration.js';
import type { RunRecord } from '../../runs/record.js';
import {
  cloudReadiness,
  collectCloudStudy,
  runCloudStudy,
  type CloudPlan,
  type CloudResults,
  type CloudStudy,
} from '../protein/cloud-study.js';
import { cloudEncoder } from '../protein/encoder.js';
import type { Outcome, PlannedRun, Readiness, StudyChoice, StudyOptions } from '../study.js';
import {
  FORMS,
  formsMeasureSchema,
  FORMS_PROFILES,
  formsSchema,
  type FormsConfig,
  type FormsMeasureConfig,
} from './config.js';
import { FORMS_MEASURES } from './measures.js';
import { formsModel, formsTraining, initialWeights } from './training.js';

/** The name under which records keep these runs. */
export const FORMS_EXPERIMENT = 'forms';

/** Names of the two encoders that are compared for each form: those that charts have for L_unif with L_equi and without. */
export const FORM_LABELS = { with: 'L_unif+L_equi', without: 'L_unif' } as const;

export interface FormsRun extends PlannedRun {
  readonly config: FormsConfig;
}

export type FormsPlan = CloudPlan<FormsRun, FormsMeasureConfig>;
export type FormsOutcome = Outcome<FormsRun>;
export type FormsResults = CloudResults<FormsRun, FormsPlan>;

/** The user's settings of training, and those of the measures, which begin with `measures.`. */
function userLayers({ overrides }: StudyChoice): Record<'training' | 'measures', readonly ConfigLayer[]> {
  if (overrides === undefined) return { training: [], measures: [] };
  const prefix = 'measures.';
  const entries = Object.entries(overrides.values);
  const training = Object.fromEntries(entries.filter(([key]) => !key.startsWith(prefix)));
  const measures = Object.fromEntries(
    entries.flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    ),
  );
  return { training: [{ ...overrides, values: training }], measures: [{ ...overrides, values: measures }] };
}

/**
 * Every form with L_equi and without, with every seed.
 *
 * @throws UserError for overrides that are no settings.
 */
export function planForms(choice: StudyChoice): FormsPlan {
  const { training, measures, seeds } = FORMS_PROFILES[choice.profile];
  const user = userLayers(choice);
  const profile = (values: typeof training): ConfigLayer => ({ source: `profile ${choice.profile}`, values });
  const runs = seeds.flatMap((seed) =>
    FORMS.flatMap((form) =>
      ([{}, { 'training.lambda': 0 }] as const).map((own): FormsRun => {
        const plan: ConfigLayer = { source: 'the plan', values: { form, seed, ...own } };
        const config = resolveConfig(formsSchema, profile(training), ...user.training, plan);
        const method = FORM_LABELS[config.training.lambda === 0 ? 'without' : 'with'];
        return { seed, variation: null, config, label: `${method} seed ${seed}, form ${form}` };
      }),
    ),
  );
  return {
    choice,
    measures: resolveConfig(formsMeasureSchema, profile(measures), ...user.measures),
    runs,
  };
}

const FORMS_STUDY: CloudStudy<FormsRun, FormsMeasureConfig> = {
  experiment: FORMS_EXPERIMENT,
  modules: {
    training: siblingModule(import.meta.url, 'training'),
    measures: siblingModule(import.meta.url, 'measures'),
  },
  steps: ({ config }) => config.training.steps,
  weightNames: ({ config }) => formsModel(config).variables.map(({ name }) => name),
  initialWeights: ({ config }) => initialWeights(config),
  training:
    ({ config }, { clouds, train }, execution) =>
    () =>
      formsTraining(config, clouds, train, execution),
  encoder: ({ config }, weights, { clouds }) =>
    cloudEncoder(formsModel(config), config.model.dim, weights, clouds),
  measures: {
    preserved: (encoder, task, { config }, settings) =>
      FORMS_MEASURES.preserved(encoder, task, config, settings),
  },
};

/**
 * Brings every run of the plan to its end: found in the store, trained, measured.
 *
 * @throws InterruptedError when the signal came; UserError for data, settings or folders that do not serve.
 */
export function runForms(plan: FormsPlan, options: StudyOptions): Promise<FormsResults> {
  return runCloudStudy(FORMS_STUDY, plan, options);
}

/** What of a plan is there already. Loads the data, since its hash is part of a run's id, and writes nothing. */
export function formsReadiness(plan: FormsPlan, options: StudyOptions): Readiness {
  return cloudReadiness(FORMS_STUDY, plan, options);
}

/** What a store holds of a plan, without data, engine or training; a missing run is null. */
export function collectForms(plan: FormsPlan, records: readonly RunRecord[]): FormsResults {
  return collectCloudStudy(FORMS_EXPERIMENT, plan, records);
}

/** Whether a step of a recorded run costs what a step of the planned one does. */
export function alikeForms({ config }: PlannedRun, record: RunRecord): boolean {
  const [planned, found] = [formsSchema.safeParse(config).data, formsSchema.safeParse(record.config).data];
  if (planned === undefined || found === undefined || record.experiment !== FORMS_EXPERIMENT) return false;
  const costOf = ({ data, model, training }: FormsConfig) =>
    canonicalJson([data.points, model, training.batch, training.lambda === 0]);
  return costOf(planned) === costOf(found);
}
