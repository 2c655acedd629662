/** What the report on equivariance shows of a run, before the head and behind it, and of encoders with another form. */
import type { Measurement } from '../../runs/record.js';
import type { Quantity } from '../compared.js';
import { explainedShare } from '../images/explained-share.js';

/** Where embeddings are looked at. */
export type Stage = 'embedding' | 'features';

/** Quantities of a stage. */
export function stageQuantities(stage: Stage) {
  const of = (name: string) => `${stage}.${name}`;
  return {
    relative: {
      measure: 'wahba',
      estimate: of('relative'),
      title: 'Wahba\u2019s error / movement',
      lowerIsBetter: true,
    },
    explained: {
      measure: 'wahba',
      estimate: of('explained'),
      title: 'share of the squared movement that one rotation explains',
      lowerIsBetter: false,
      derive: (measurement: Measurement) => explainedShare(measurement, stage),
    },
    steeringFitted: {
      measure: 'steering',
      estimate: of('fittedRelative'),
      title: 'the same error on the half that the rotation was fitted to',
      lowerIsBetter: true,
    },
    steering: {
      measure: 'steering',
      estimate: of('unseenRelative'),
      title: 'steering error / movement, unseen images',
      lowerIsBetter: true,
    },
    gamma: {
      measure: 'gamma',
      estimate: of('pooled'),
      title: 'gamma_f, ratio of means',
      lowerIsBetter: true,
    },
    invariance: {
      measure: 'gamma',
      estimate: of('invarianceLoss'),
      title: 'invariance loss',
      lowerIsBetter: true,
    },
    composition: {
      measure: 'composition',
      estimate: of('relative'),
      title: 'composition error / that of unrelated augmentations',
      axis: 'relative error',
      lowerIsBetter: true,
    },
    compositionError: {
      measure: 'composition',
      estimate: of('error'),
      title: 'composition error, Frobenius norm',
      lowerIsBetter: true,
    },
    compositionOn: {
      measure: 'composition',
      estimate: of('onEmbeddings'),
      title: 'composition error on the embeddings, / their length',
      lowerIsBetter: true,
    },
    unrelated: {
      measure: 'composition',
      estimate: of('unrelated'),
      title: 'the same of unrelated augmentations',
      lowerIsBetter: true,
    },
    parameters: {
      measure: 'parameters',
      estimate: of('mean'),
      title: 'R\u00b2 of the augmentation\u2019s parameters, mean',
      lowerIsBetter: false,
    },
    rank: {
      measure: 'collapse',
      estimate: of('effectiveRank'),
      title: 'effective rank',
      lowerIsBetter: false,
    },
    knn: {
      measure: 'neighbours',
      estimate: of('accuracy'),
      title: 'accuracy of nearest neighbours',
      unit: '%',
      lowerIsBetter: false,
    },
  } as const satisfies Readonly<Record<string, Quantity>>;
}

/** Behind the head, where the loss is. */
export const EMBEDDING = stageQuantities('embedding');
/** Before the head. */
export const FEATURES = stageQuantities('features');

/** An estimate of a form divided by the movement, both relative to proteins that are exchanged; undefined where nothing moved. */
function perMovement({ estimates }: Measurement, name: string): number | undefined {
  const [value, movement] = [estimates[name]?.value, estimates.movement?.value];
  return value === undefined || movement === undefined || movement === 0 ? undefined : value / movement;
}

/** Of encoders that were trained with another bilinear form. */
export const FORM_QUANTITIES = {
  gram: {
    measure: 'preserved',
    estimate: 'gram',
    title: 'change of the form\u2019s values / that of exchanged proteins',
    axis: 'relative change',
    lowerIsBetter: true,
  },
  defect: {
    measure: 'preserved',
    estimate: 'defect',
    title: '||A\u1d40BA \u2212 B|| / ||B||',
    lowerIsBetter: true,
  },
  /** An encoder that ignores rotations changes no form's values, and acts by the identity: hence per movement. */
  gramPerMovement: {
    measure: 'preserved',
    estimate: 'gramPerMovement',
    title: 'change of the form\u2019s values / movement',
    lowerIsBetter: true,
    derive: (measurement: Measurement) => perMovement(measurement, 'gram'),
  },
  defectPerMovement: {
    measure: 'preserved',
    estimate: 'defectPerMovement',
    title: '||A\u1d40BA \u2212 B|| / ||B|| / movement',
    lowerIsBetter: true,
    derive: (measurement: Measurement) => perMovement(measurement, 'defect'),
  },
  unrelated: {
    measure: 'preserved',
    estimate: 'unrelated',
    title: 'the same of exchanged proteins',
    lowerIsBetter: true,
  },
  unseen: {
    measure: 'preserved',
    estimate: 'unseen',
    title: '||A F \u2212 F_a|| / ||F_a \u2212 F||, unseen proteins',
    lowerIsBetter: true,
  },
  movement: {
    measure: 'preserved',
    estimate: 'movement',
    title: 'movement / distance between proteins',
    lowerIsBetter: false,
  },
  size: {
    measure: 'preserved',
    estimate: 'size',
    title: 'size of the form\u2019s values',
    lowerIsBetter: false,
  },
} as const satisfies Readonly<Record<string, Quantity>>;
