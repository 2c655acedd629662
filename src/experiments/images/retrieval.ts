/** Whether the neighbours of a recoloured flower have its new colour (section 5.3; Figures 9 and 21). */
import type { ProfileName } from '../../runs/profiles.js';
import type { Experiment, StudyChoice } from '../study.js';
import { experimentPlan, imagePlan, type ImagePlan, type PlanPart } from './study.js';
import { STUDY_SEEDS } from './study-seeds.js';

export const RETRIEVAL = 'retrieval';

/** Height and width of the flowers in pixels. */
const SIZES: Readonly<Record<ProfileName, number>> = {
  smoke: 32,
  laptop: 32,
  overnight: 32,
  workstation: 64,
  paper: 224,
};

/** The weight of L_equi at which it is felt on small networks; the paper's stands in part `main`. */
export const STRONG_LAMBDA = 0.1;

const MEASURES = ['retrieval', 'neighbours', 'wahba-colour'] as const satisfies PlanPart['measures'];

/** @throws UserError for overrides that are no settings. */
export function planRetrieval(choice: StudyChoice): ImagePlan {
  const { compared } = STUDY_SEEDS[choice.profile];
  const size = SIZES[choice.profile];
  const common = {
    seeds: compared,
    data: choice.data ?? 'flowers5',
    values: {
      'data.size': size,
      // Layers for large images shrink them by 4 before the first block.
      'model.stem': size > 64 ? 'imagenet' : 'cifar',
    },
    measures: MEASURES,
  };
  return imagePlan(RETRIEVAL, choice, [
    { ...common, part: 'main', methods: ['care', 'simclr', 'equimod', 'untrained'] },
    {
      ...common,
      part: 'strong',
      methods: ['care'],
      variation: { setting: 'training.lambda', values: [STRONG_LAMBDA] },
    },
  ]);
}

export const retrievalExperiment: Experiment = {
  name: RETRIEVAL,
  about: 'do the neighbours of a recoloured image have its new colour?',
  data: ['flowers102', 'flowers5'],
  plan: (choice) => experimentPlan(planRetrieval(choice)),
};
