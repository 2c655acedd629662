import { checkWeight } from '../losses/check-weight.js';
import { infoNce } from '../losses/info-nce.js';
import { batchNorm1d } from '../nn/batch-norm.js';
import { linear } from '../nn/linear.js';
import type { Module } from '../nn/module.js';
import { normalizeRows } from '../nn/normalize-rows.js';
import { prefixed } from '../nn/prefixed.js';
import { relu } from '../nn/relu.js';
import { sequential } from '../nn/sequential.js';
import * as tf from '../tensorflow/tf.js';
import type { MethodModel, NetworkMethod, ViewName } from './method.js';
import { groupedInfoNce, type SimclrSettings } from './simclr.js';

export interface EquimodSettings extends SimclrSettings {
  /** Weight of the equivariance loss, >= 0; 1 in its paper. */
  readonly weight: number;
  /** Temperature of the equivariance loss; .2 in its paper. */
  readonly equivarianceTemperature: number;
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

/**
 * EquiMod on SimCLR: beside InfoNCE, a predictor tells from the embedding of the image *as it is* and the parameters of an
 * augmentation where the augmented view is embedded.
 *
 * `y^_t = u([y_0, p(t)])` with y of a head of its own, y_0 that of the unaugmented image;
 * `L = InfoNCE(z_1, z_2) + weight InfoNCE'([y_1; y_2], [y^_1; y^_2])`, where InfoNCE' has views and predictions as the two
 * sides, so that the other view of the same image is a negative.
 *
 * Layers are those of the authors' code for SimCLR on CIFAR10: a head of two hidden layers, a linear layer with batch norm
 * for the parameters, and another for the predictor.
 *
 * @throws RangeError for a negative weight.
 * @see Devillers and Lefort, EquiMod (ICLR 2023), section 3; code: github.com/ADevillers/EquiMod.
 */
export function equimod(model: MethodModel, settings: EquimodSettings): NetworkMethod {
  const { weight, equivarianceTemperature: temperature, hidden, parameters } = settings;
  checkWeight('EquiMod', 'weight', weight, 1);
  const { features, dim } = model;
  const head = prefixed('equimod.head', equivarianceHead(features, hidden, dim));
  const describe = prefixed('equimod.parameters', linearNorm(parameters, dim, true));
  const predictor = prefixed('equimod.predictor', linearNorm(2 * dim, dim, false));
  const views: readonly ViewName[] = ['first', 'second'];
  return {
    label: 'EquiMod',
    views: { original: { drawn: 'none' }, first: { drawn: 'each' }, second: { drawn: 'each' } },
    network: {
      needs: 'features before the head and the parameters of augmentations',
      parts: [...head.variables, ...describe.variables, ...predictor.variables],
      described: views,
    },
    loss(project, step) {
      // As in the authors' code, heads see the original and both views together, batch norm included.
      const all = tf.concat(
        (['original', ...views] as const).map((view) => step.features(view)),
        0,
      );
      const [origin, first, second] = tf.split(head.apply(step.scope, all), 3) as [
        tf.Tensor2D,
        tf.Tensor2D,
        tf.Tensor2D,
      ];
      const given = describe.apply(
        step.scope,
        tf.concat(
          views.map((view) => step.parameters(view)),
          0,
        ),
      );
      const predicted = predictor.apply(step.scope, tf.concat([tf.concat([origin, origin], 0), given], 1));
      const placed = normalizeRows(tf.concat([first, second], 0));
      const contrast = groupedInfoNce(project('first'), project('second'), settings);
      const equi = infoNce(placed, normalizeRows(predicted), { temperature });
      return {
        total: tf.add<tf.Scalar>(contrast, tf.mul(equi, weight)),
        terms: { infoNce: contrast, displacement: equi },
      };
    },
  };
}
