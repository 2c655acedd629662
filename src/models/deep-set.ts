/**
 * DeepSet (Zaheer et al., "Deep sets", NeurIPS 2017): the encoder of the protein experiment (section 5.1 of the paper).
 */
import { linear } from '../nn/linear.js';
import type { Module } from '../nn/module.js';
import { normalizeRows } from '../nn/normalize-rows.js';
import { sequential } from '../nn/sequential.js';
import { poolPoints, type Pooling } from '../tensorflow/kernels/pool-points.js';
import * as tf from '../tensorflow/tf.js';

export interface DeepSetOptions {
  /** Coordinates of a point. */
  readonly inputs: number;
  /** Widths of phi's layers, each with a rectifier, applied to every point. */
  readonly phi: readonly number[];
  /** How a cloud's points become one vector. */
  readonly pooling: Pooling;
  /** Widths of rho's layers after pooling; a rectifier after each but the last. The last is the embedding's dimension. */
  readonly rho: readonly number[];
}

/**
 * `f(X) = rho(pool_i phi(x_i)) / ||.||`: clouds `[batch, points, inputs]` to the unit sphere, `[batch, dim]`.
 *
 * Variables are named as PyTorch names those of `nn.Sequential` with a `ReLU` after each layer: `phi.0`, `phi.2`, ...
 */
export function deepSet(options: DeepSetOptions): Module<tf.Tensor3D, tf.Tensor2D> {
  const { inputs, phi, pooling, rho } = options;
  if (phi.length === 0 || rho.length === 0)
    throw new Error('DeepSet: phi and rho need at least one layer each.');
  const layers = (name: string, widths: readonly number[], first: number, lastIsLinear: boolean) =>
    sequential(
      widths.map((width, i) =>
        linear(
          `${name}.${2 * i}`,
          widths[i - 1] ?? first,
          width,
          lastIsLinear && i === widths.length - 1 ? 'none' : 'relu',
        ),
      ),
    );
  const pointNetwork = layers('phi', phi, inputs, false);
  const setNetwork = layers('rho', rho, phi[phi.length - 1] ?? inputs, true);
  return {
    variables: [...pointNetwork.variables, ...setNetwork.variables],
    apply(scope, clouds) {
      const [batch, points, coordinates] = clouds.shape;
      if (coordinates !== inputs) {
        throw new Error(`DeepSet: points have ${coordinates} coordinates; the model takes ${inputs}.`);
      }
      const features = pointNetwork.apply(scope, tf.reshape(clouds, [batch * points, coordinates]));
      const pooled = poolPoints(tf.reshape(features, [batch, points, -1]), pooling);
      return normalizeRows(setNetwork.apply(scope, pooled));
    },
  };
}
