/**
 * Proposition 1 and Corollary 1 put to the test: whether augmentations act on embeddings by orthogonal maps that compose,
 * on images, and by maps that preserve another bilinear form where L_equi has one (section 3.2), on proteins.
 */
import {
  alikeForms,
  collectForms,
  formsReadiness,
  planForms,
  runForms,
  type FormsOutcome,
  type FormsPlan,
  type FormsResults,
} from './forms/study.js';
import { STRONG_LAMBDA } from './images/retrieval.js';
import { paperArchitecture } from './images/color-sensitivity.js';
import {
  collectImages,
  experimentPlan,
  imagePlan,
  runImages,
  type ImageOutcome,
  type ImagePlan,
  type ImageResults,
} from './images/study.js';
import { STUDY_SEEDS } from './images/study-seeds.js';
import type { ConfigLayer } from '../runs/configuration.js';
import type { RunRecord } from '../runs/record.js';
import type { Experiment, ExperimentPlan, StudyChoice, StudyOptions } from './study.js';

export const EQUIVARIANCE_PROPERTIES = 'equivariance-properties';

export interface PropertiesPlan {
  readonly choice: StudyChoice;
  readonly images: ImagePlan;
  readonly forms: FormsPlan;
}

export interface PropertiesResults {
  readonly plan: PropertiesPlan;
  readonly images: ImageResults;
  readonly forms: FormsResults;
  /** Those of the images, then those of the forms. */
  readonly outcomes: readonly (ImageOutcome | FormsOutcome)[];
}

function resultsOf(plan: PropertiesPlan, images: ImageResults, forms: FormsResults): PropertiesResults {
  return { plan, images, forms, outcomes: [...images.outcomes, ...forms.outcomes] };
}

const PREFIX = 'forms.';

/** The user's settings of the forms, which begin with `forms.`, apart from those of the images. */
function choices(choice: StudyChoice): { readonly images: StudyChoice; readonly forms: StudyChoice } {
  const { overrides, data: _images, ...common } = choice;
  if (overrides === undefined) return { images: choice, forms: common };
  const entries = Object.entries(overrides.values);
  const layer = (values: ConfigLayer['values']): ConfigLayer => ({ ...overrides, values });
  const images = Object.fromEntries(entries.filter(([key]) => !key.startsWith(PREFIX)));
  const forms = Object.fromEntries(
    entries.flatMap(([key, value]) =>
      key.startsWith(PREFIX) ? [[key.slice(PREFIX.length), value] as const] : [],
    ),
  );
  return {
    images: { ...choice, overrides: layer(images) },
    forms: { ...common, overrides: layer(forms) },
  };
}

/**
 * The plan: encoders of images, of which CARE, SimCLR and the untrained one are those of `cifar-color-sensitivity`, and
 * encoders of proteins for each form.
 *
 * @throws UserError for overrides that are no settings; those of the forms begin with `forms.`.
 */
export function planProperties(choice: StudyChoice): PropertiesPlan {
  const { compared } = STUDY_SEEDS[choice.profile];
  const common = {
    seeds: compared,
    data: choice.data ?? 'cifar10',
    values: paperArchitecture(choice),
    measures: ['wahba', 'steering', 'gamma', 'composition', 'parameters', 'collapse', 'neighbours'],
  } as const;
  const { images, forms } = choices(choice);
  return {
    choice,
    images: imagePlan(EQUIVARIANCE_PROPERTIES, images, [
      {
        ...common,
        part: 'main',
        methods: ['care', 'simclr', 'l-unif+l-equi', 'equimod', 'e-ssl', 'untrained'],
      },
      {
        ...common,
        part: 'strong',
        methods: ['care'],
        variation: { setting: 'training.lambda', values: [STRONG_LAMBDA] },
      },
    ]),
    forms: planForms(forms),
  };
}

/**
 * Brings every run of the plan to its end.
 *
 * @throws InterruptedError when the signal came; UserError for data, settings or folders that do not serve.
 */
export async function runProperties(plan: PropertiesPlan, options: StudyOptions): Promise<PropertiesResults> {
  const { onEvent } = options;
  const [before, after] = [plan.images.runs.length, plan.forms.runs.length];
  const counted = (first: number): StudyOptions => ({
    ...options,
    ...(onEvent === undefined
      ? {}
      : { onEvent: (event) => onEvent({ ...event, index: first + event.index, runs: before + after }) }),
  });
  const images = await runImages(plan.images, counted(0));
  const forms = await runForms(plan.forms, counted(before));
  return resultsOf(plan, images, forms);
}

/** What records hold of a plan, without data, engine or training. */
export function collectProperties(plan: PropertiesPlan, records: readonly RunRecord[]): PropertiesResults {
  return resultsOf(plan, collectImages(plan.images, records), collectForms(plan.forms, records));
}

/** The plan as `care reproduce` sees it: images first, then forms. */
function planOf(plan: PropertiesPlan): ExperimentPlan {
  const images = experimentPlan(plan.images);
  const first = plan.images.runs.length;
  const onProteins = new Set(plan.forms.runs.map(({ label }) => label));
  return {
    choice: plan.choice,
    runs: [...plan.images.runs, ...plan.forms.runs],
    alike: (run, record) => (onProteins.has(run.label) ? alikeForms(run, record) : images.alike(run, record)),
    readiness: async (options) => {
      const [ofImages, ofForms] = [await images.readiness(options), formsReadiness(plan.forms, options)];
      return {
        runs: [...ofImages.runs, ...ofForms.runs],
        steps: [...ofImages.steps, ...ofForms.steps],
        data: [...ofImages.data, ...ofForms.data],
      };
    },
    carryOut: async (options) => {
      await runProperties(plan, options);
    },
    only: (runs) =>
      planOf({
        ...plan,
        images: { ...plan.images, runs: plan.images.runs.filter((_, i) => runs.includes(i)) },
        forms: { ...plan.forms, runs: plan.forms.runs.filter((_, i) => runs.includes(first + i)) },
      }),
    recorded: (records) =>
      collectProperties(plan, records).outcomes.filter(({ record }) => record !== null).length,
  };
}

export const equivarianceProperties: Experiment = {
  name: EQUIVARIANCE_PROPERTIES,
  about: 'do augmentations act on embeddings by maps that compose and preserve a form?',
  data: ['cifar10', 'cifar10-jpeg'],
  plan: (choice) => planOf(planProperties(choice)),
};
