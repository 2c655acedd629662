/** Table 1 with its costs, the weight of L_equi, and which of the three losses does what (sections 5.2 and 5.4; Figures 7 and 10 to 16). */
import type { ProfileName } from '../../runs/profiles.js';
import type { Json } from '../../runs/record.js';
import type { Experiment, StudyChoice } from '../study.js';
import type { ImageMethod } from './config.js';
import type { ImageMeasureName } from './measures.js';
import { experimentPlan, imagePlan, type ImagePlan, type PlanPart } from './study.js';
import { STUDY_SEEDS } from './study-seeds.js';
import { TRANSFER } from './transfer.js';

export const BENCHMARK_TABLES = 'benchmark-tables';

/** CARE and its base: their difference is a claim at every size. */
const MAIN = ['care', 'simclr'] as const satisfies readonly ImageMethod[];

/** The other rows of Table 1 to which CARE is added, with and without. */
const PAIRS = [
  'moco-v2',
  'moco-v2+care',
  'barlow-twins',
  'barlow-twins+care',
] as const satisfies readonly ImageMethod[];

/** The rows of Table 1 to which CARE is not added. */
const OTHERS = ['byol', 'equimod', 'equimod-byol'] as const satisfies readonly ImageMethod[];

/** What Table 1 does not have: CARE on other methods, and another equivariant one. */
const BEYOND = ['byol+care', 'equimod+care', 'e-ssl', 'e-ssl+care'] as const satisfies readonly ImageMethod[];

/** Every subset of the three losses that is not empty (Figure 10). */
export const SUBSETS = [
  'l-inv',
  'l-unif',
  'l-equi',
  'l-inv+l-unif',
  'l-inv+l-equi',
  'l-unif+l-equi',
  'l-inv+l-unif+l-equi',
] as const satisfies readonly ImageMethod[];

/** The sets of images of Table 1 beside CIFAR-10. */
const ELSEWHERE = ['cifar100', 'stl10', 'imagenet100'] as const;

/** What a profile can afford. */
interface TablesSize {
  /** Rows of Table 1 on CIFAR-10 beside CARE and SimCLR, with and without CARE, and the others. */
  readonly pairs: readonly ImageMethod[];
  readonly others: readonly ImageMethod[];
  /** The same on the other three sets of images. */
  readonly elsewhere: { readonly pairs: readonly ImageMethod[]; readonly others: readonly ImageMethod[] };
  readonly beyond: readonly ImageMethod[];
  /** Values of `training.lambda`; that of the preset is run in any case. */
  readonly lambdas: readonly number[];
  readonly subsets: readonly ImageMethod[];
  /** Settings of the runs of `subsets`: where time is short, not as long as the others, since there are seven. */
  readonly subsetValues?: Readonly<Record<string, Json>>;
}

/** The axis of Figure 7. */
const LAMBDAS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];

const WHOLE: TablesSize = {
  pairs: PAIRS,
  others: OTHERS,
  elsewhere: { pairs: PAIRS, others: OTHERS },
  beyond: BEYOND,
  lambdas: LAMBDAS,
  subsets: SUBSETS,
};

const SIZES: Readonly<Record<ProfileName, TablesSize>> = {
  smoke: {
    pairs: ['moco-v2', 'moco-v2+care'],
    others: [],
    elsewhere: { pairs: [], others: [] },
    beyond: [],
    lambdas: [1],
    subsets: ['l-equi', 'l-unif+l-equi'],
  },
  laptop: {
    ...WHOLE,
    beyond: [],
    lambdas: [0.001, 0.1, 1],
    subsetValues: { 'training.epochs': 2 },
  },
  overnight: { ...WHOLE, subsetValues: { 'training.epochs': 3 } },
  workstation: WHOLE,
  paper: WHOLE,
};

const MEASURES: readonly ImageMeasureName[] = ['probe', 'positives', 'collapse'];
/** Of CARE and its base on CIFAR-10: what of it shows on images that neither was trained on. */
const WITH_TRANSFER: readonly ImageMeasureName[] = [...MEASURES, TRANSFER];

/** What a data set needs besides the preset, in profiles that are not the paper's. */
function smallerSettings(data: string, profile: ProfileName): Readonly<Record<string, Json>> {
  if (data !== 'imagenet100' || profile === 'paper') return {};
  return {
    'data.size': 32,
    'model.stem': 'cifar',
    // The paper's .8 is for batches of 512: SGD's step goes with the batch.
    'training.learningRate': profile === 'workstation' ? 0.4 : 0.1,
  };
}

/** What all rows of Table 1 on a set of images have in common. */
function rowsOn({ profile }: StudyChoice, part: string, data: string) {
  return { part, data, values: smallerSettings(data, profile), measures: MEASURES };
}

/** Rows of Table 1 on a set of images; one seed of what is in no claim. */
function tableParts(
  choice: StudyChoice,
  part: string,
  data: string,
  { pairs, others }: Pick<TablesSize, 'pairs' | 'others'>,
): readonly [PlanPart, ...PlanPart[]] {
  const { profile } = choice;
  const { compared, single } = STUDY_SEEDS[profile];
  const common = rowsOn(choice, part, data);
  const first = part === 'cifar10';
  const main = first ? compared : single;
  const measures = first ? WITH_TRANSFER : MEASURES;
  return [
    { ...common, methods: [...MAIN, 'untrained'], seeds: main, measures },
    { ...common, methods: pairs, seeds: single },
    { ...common, methods: others, seeds: single.slice(0, 1) },
  ];
}

/**
 * The runs, the most important first: CARE and SimCLR on CIFAR-10, what its losses and their weight do, the other rows of
 * Table 1, then the other sets of images, then further seeds. CARE and SimCLR on CIFAR-10 are those of
 * `cifar-color-sensitivity`, and so are some of the weights of L_equi: a run serves both. Only `paper` trains them twice, as
 * the paper has a ResNet-50 here and a ResNet-18 there.
 *
 * @throws UserError for overrides that are no settings.
 */
export function planBenchmarkTables(choice: StudyChoice): ImagePlan {
  const size = SIZES[choice.profile];
  const { single } = STUDY_SEEDS[choice.profile];
  const [first, further] = [single.slice(0, 1), single.slice(1)];
  const data = choice.data ?? 'cifar10';
  const ablation = {
    part: 'ablation',
    methods: size.subsets,
    data,
    ...(size.subsetValues === undefined ? {} : { values: size.subsetValues }),
    measures: MEASURES,
  };
  const lambda = {
    part: 'lambda',
    methods: ['care'] as const,
    data,
    variation: { setting: 'training.lambda', values: size.lambdas },
    measures: MEASURES,
  };
  const beyond = { part: 'beyond', methods: size.beyond, data, measures: MEASURES };
  const [main, ...rows] = tableParts(choice, 'cifar10', data, size);
  return imagePlan(BENCHMARK_TABLES, choice, [
    main,
    { ...ablation, seeds: single },
    { ...lambda, seeds: first },
    ...rows,
    ...ELSEWHERE.flatMap((name) => tableParts(choice, name, name, size.elsewhere)),
    { ...beyond, seeds: first },
    { ...rowsOn(choice, 'cifar10', data), methods: size.others, seeds: further },
    ...ELSEWHERE.map((name) => ({
      ...rowsOn(choice, name, name),
      methods: size.elsewhere.others,
      seeds: further,
    })),
    { ...lambda, seeds: further },
    { ...beyond, seeds: further },
  ]);
}

export const benchmarkTables: Experiment = {
  name: BENCHMARK_TABLES,
  about: 'how well do linear probes read each method, and which loss does what?',
  data: ['cifar10', 'cifar10-jpeg'],
  plan: (choice) => experimentPlan(planBenchmarkTables(choice)),
};
