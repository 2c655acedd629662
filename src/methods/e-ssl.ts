import { checkWeight } from '../losses/check-weight.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { layerNorm } from '../nn/layer-norm.js';
import { linear } from '../nn/linear.js';
import { prefixed } from '../nn/prefixed.js';
import { relu } from '../nn/relu.js';
import { sequential } from '../nn/sequential.js';
import * as tf from '../tensorflow/tf.js';
import type { MethodModel, NetworkMethod } from './method.js';
import { groupedInfoNce, type SimclrSettings } from './simclr.js';

export interface EsslSettings extends SimclrSettings {
  /** Weight of the rotation loss, >= 0; .4 in its paper. */
  readonly weight: number;
  /** Width of the predictor's two hidden layers; 2048 in its paper. */
  readonly hidden: number;
}

const TURNS = 4;

/**
 * Square images turned by 0, 90, 180 and 270 degrees (counter-clockwise), one batch behind the other.
 *
 * @param images - `[n, side, side, 3]`
 * @returns `[4 n, side, side, 3]`
 */
export function fourTurns(images: tf.Tensor4D): tf.Tensor4D {
  const transposed = tf.transpose(images, [0, 2, 1, 3]);
  return tf.concat(
    [images, tf.reverse(transposed, 1), tf.reverse(images, [1, 2]), tf.reverse(transposed, 2)],
    0,
  );
}

/** The turn of each image of {@link fourTurns}, int32 `[4 n]`. */
function turnsOf(count: number): tf.Tensor1D {
  return tf.floorDiv<tf.Tensor1D>(tf.range(0, TURNS * count, 1, 'int32'), tf.scalar(count, 'int32'));
}

/**
 * E-SSL on SimCLR: beside InfoNCE, a predictor tells from the features by which of four turns a further, smaller view was
 * turned. `L = InfoNCE + weight CE(turn)`; the predictor has two hidden layers with layer norm.
 *
 * @throws RangeError for a negative weight.
 * @see Dangovski et al., "Equivariant contrastive learning" (ICLR 2022), section 4; code: github.com/rdangovs/essl.
 */
export function essl(model: MethodModel, settings: EsslSettings): NetworkMethod {
  const { weight, hidden } = settings;
  checkWeight('E-SSL', 'weight', weight, 0.4);
  const predictor = prefixed(
    'essl.predictor',
    sequential([
      linear('0', model.features, hidden),
      layerNorm('1', hidden),
      relu<tf.Tensor2D>(),
      linear('3', hidden, hidden),
      layerNorm('4', hidden),
      relu<tf.Tensor2D>(),
      linear('6', hidden, TURNS),
    ]),
  );
  return {
    label: 'E-SSL',
    views: { first: { drawn: 'each' }, second: { drawn: 'each' }, rotated: { drawn: 'each', size: 1 / 2 } },
    network: { needs: 'features of turned images', parts: predictor.variables },
    loss(project, step) {
      const contrast = groupedInfoNce(project('first'), project('second'), settings);
      const images = step.images('rotated');
      const logits = predictor.apply(step.scope, step.encode(fourTurns(images)));
      const rotation = crossEntropy(logits, turnsOf(images.shape[0]));
      return {
        total: tf.add<tf.Scalar>(contrast, tf.mul(rotation, weight)),
        terms: { infoNce: contrast, rotation },
      };
    },
  };
}
