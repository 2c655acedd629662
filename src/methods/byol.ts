import { predictionLoss } from '../losses/prediction.js';
import { projectionHead } from '../models/projection-head.js';
import { prefixed } from '../nn/prefixed.js';
import * as tf from '../tensorflow/tf.js';
import type { MethodModel, NetworkMethod, ViewName } from './method.js';
import { checkMomentum, momentumEncoder } from './momentum-encoder.js';

export interface ByolSettings {
  /** tau_0: the target network's momentum at the first step. */
  readonly momentum: number;
  /** Width of the predictor's hidden layer. */
  readonly hidden: number;
}

/**
 * BYOL's momentum at a step k of K, from tau_0 up to 1: `tau_k = 1 - (1 - tau_0) (cos(pi k / K) + 1) / 2`.
 *
 * @see Grill et al., BYOL (NeurIPS 2020), section 3.3.
 */
export function byolMomentum(start: number, step: number, steps: number): number {
  return 1 - ((1 - start) * (Math.cos((Math.PI * step) / Math.max(1, steps)) + 1)) / 2;
}

/**
 * BYOL: from one view's projection a predictor tells what a momentum network makes of the other view; no negatives.
 *
 * `L = L_pred(q(z_1), z'_2) + L_pred(q(z_2), z'_1)`, with the predictor q of the head's form (linear, batch norm,
 * rectifier, linear), and the target network's momentum rising from tau_0 to 1.
 *
 * @throws RangeError for a momentum that makes no sense.
 * @see Grill et al., BYOL (NeurIPS 2020), equation 2 and Algorithm 1.
 */
export function byol(model: MethodModel, { momentum, hidden }: ByolSettings): NetworkMethod {
  checkMomentum('BYOL', momentum);
  const encoder = momentumEncoder(model);
  const predictor = prefixed('predictor', projectionHead({ inputs: model.dim, hidden, outputs: model.dim }));
  const views: readonly ViewName[] = ['first', 'second'];
  return {
    label: 'BYOL',
    views: { first: { drawn: 'each' }, second: { drawn: 'each' } },
    network: {
      needs: 'a momentum encoder',
      parts: predictor.variables,
      state: (weights) => encoder.state(weights),
      inputs: encoder.inputs,
      inputsAt: ({ step, steps }) => encoder.inputsAt(byolMomentum(momentum, step, steps)),
      targets: ({ images, scope }) =>
        Object.fromEntries(views.map((view) => [view, encoder.project(scope, images(view))])),
      after: (step) => encoder.after(step),
    },
    loss(project, { scope, targets }) {
      const predicted = views.map((view) => predictor.apply(scope, project(view)));
      const [first, second] = predicted as [tf.Tensor2D, tf.Tensor2D];
      const total = tf.add<tf.Scalar>(
        predictionLoss(first, targets['second'] as tf.Tensor2D),
        predictionLoss(second, targets['first'] as tf.Tensor2D),
      );
      return { total, terms: { prediction: total } };
    },
  };
}
