import { checkWeight } from '../losses/check-weight.js';
import { infoNce } from '../losses/info-nce.js';
import { batchNorm1d } from '../nn/batch-norm.js';
import { linear } from '../nn/linear.js';
import type { Module, Scope } from '../nn/module.js';
import { normalizeRows } from '../nn/normalize-rows.js';
import { prefixed } from '../nn/prefixed.js';
import { relu } from '../nn/relu.js';
import { sequential } from '../nn/sequential.js';
import * as tf from '../tensorflow/tf.js';
import type { Method, MethodModel, NetworkMethod, ViewName } from './method.js';

export interface EquimodSettings {
  /** Weight of the equivariance loss, >= 0; 1 in its paper. */
  readonly weight: number;
  /** Temperature of the equivariance loss; .2 in its paper. */
  readonly temperature: number;
  /** Width of the equivariance head's two hidden layers. */
  readonly hidden: number;
  /** Numbers by which an augmentation is described. */
  readonly parameters: number;
}

type Vectors = Module<tf.Tensor2D, tf.Tensor2D>;

/** Linear layers without bias, each with batch norm and a rectifier, but at the end batch norm alone, without a scale. */
function equivarianceHead(inputs: number, hidden: number, outputs: number): Vectors {
  return sequential([
    linear('0', inputs, hidden, 'none', { bias: false }),
    batchNorm1d('1', hidden),
    relu(),
    linear('3', hidden, hidden, 'none', { bias: false }),
    batchNorm1d('4', hidden),
    relu(),
    linear('6', hidden, outputs, 'none', { bias: false }),
    batchNorm1d('7', outputs, { affine: false }),
  ]);
}

function linearNorm(inputs: number, outputs: number, affine: boolean): Vectors {
  return sequential([
    linear('0', inputs, outputs, 'none', { bias: false }),
    batchNorm1d('1', outputs, { affine }),
  ]);
}

const VIEWS: readonly ViewName[] = ['first', 'second'];

/** The module that predicts where a view is embedded: its parts, and its loss of features and parameters. */
function equivarianceModule({ features, dim }: MethodModel, settings: EquimodSettings) {
  const { temperature, hidden, parameters } = settings;
  const head = prefixed('equimod.head', equivarianceHead(features, hidden, dim));
  const describe = prefixed('equimod.parameters', linearNorm(parameters, dim, true));
  const predictor = prefixed('equimod.predictor', linearNorm(2 * dim, dim, false));
  return {
    parts: [...head.variables, ...describe.variables, ...predictor.variables],
    /** @param all - features of the original and of both views, one behind the other; `given` describes the two views. */
    loss(scope: Scope, all: tf.Tensor2D, given: tf.Tensor2D): tf.Scalar {
      // As in the authors' code, heads see the original and both views together, batch norm included.
      const [origin, first, second] = tf.split(head.apply(scope, all), 3) as [
        tf.Tensor2D,
        tf.Tensor2D,
        tf.Tensor2D,
      ];
      const described = describe.apply(scope, given);
      const predicted = predictor.apply(scope, tf.concat([tf.concat([origin, origin], 0), described], 1));
      const placed = normalizeRows(tf.concat([first, second], 0));
      return infoNce(placed, normalizeRows(predicted), { temperature });
    },
  };
}

/**
 * EquiMod on a method of two views (SimCLR or BYOL): beside the method's loss, a predictor tells from the embedding of the
 * image *as it is* and the parameters of an augmentation where the augmented view is embedded.
 *
 * `y^_t = u([y_0, p(t)])` with y of a head of its own, y_0 that of the unaugmented image;
 * `L = L_method + weight InfoNCE'([y_1; y_2], [y^_1; y^_2])`, where InfoNCE' has views and predictions as the two sides, so
 * that the other view of the same image is a negative.
 *
 * Layers are those of the authors' code on CIFAR10: a head of two hidden layers, a linear layer with batch norm for the
 * parameters, and another for the predictor. On BYOL, too, that code takes both y and y^ from the network that is trained,
 * with gradients through both: the momentum network has no such head, and gives the targets of BYOL's own loss alone.
 *
 * @throws RangeError for a negative weight.
 * @see Devillers and Lefort, EquiMod (ICLR 2023), section 3; code: github.com/ADevillers/EquiMod.
 */
export function equimod(model: MethodModel, base: Method, settings: EquimodSettings): NetworkMethod {
  checkWeight('EquiMod', 'weight', settings.weight, 1);
  const module = equivarianceModule(model, settings);
  const own = 'features before the head and the parameters of augmentations';
  return {
    label: `EquiMod (${base.label})`,
    views: { original: { drawn: 'none' }, ...base.views },
    network: {
      ...base.network,
      needs: base.network === null ? own : `${base.network.needs}, ${own}`,
      parts: [...(base.network?.parts ?? []), ...module.parts],
      described: VIEWS,
    },
    loss(project, step) {
      const features = (['original', ...VIEWS] as const).map((view) => step.features(view));
      const parameters = VIEWS.map((view) => step.parameters(view));
      const equi = module.loss(step.scope, tf.concat(features, 0), tf.concat(parameters, 0));
      const { total, terms } = base.network === null ? base.loss(project) : base.loss(project, step);
      return {
        total: tf.add<tf.Scalar>(total, tf.mul(equi, settings.weight)),
        terms: { ...terms, displacement: equi },
      };
    },
  };
}
