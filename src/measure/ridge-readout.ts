import { Matrix } from 'ml-matrix';
import { symmetricEigen } from './products.js';
import type { Criterion, FittedReadout, Regression } from './readout.js';

/** Penalties tried, relative to features of unit variance. */
export const RIDGE_PENALTIES: readonly number[] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100];

/** Ridge regression for a list of penalties, from one eigendecomposition. */
function ridgePath({ features, targets }: Regression): (penalty: number) => (x: Matrix) => Matrix {
  const centre = features.mean('column');
  const level = targets.mean('column');
  const x = features.clone().subRowVector(centre);
  const y = targets.clone().subRowVector(level);
  const transposed = x.transpose();
  const { values, vectors } = symmetricEigen(transposed.mmul(x).div(x.rows));
  const moment = vectors.transpose().mmul(transposed.mmul(y).div(x.rows));
  return (penalty) => {
    const shrink = Matrix.diag(values.map((value) => 1 / (Math.max(0, value) + penalty)));
    const weights = vectors.mmul(shrink).mmul(moment);
    return (given) => given.clone().subRowVector(centre).mmul(weights).addRowVector(level);
  };
}

/**
 * Linear readout: ridge regression with intercept in closed form, `W = (X^T X / n + penalty I)^-1 X^T Y / n` on centred
 * X and Y. The penalty with the smallest criterion on the validation part is kept, and the fit repeated on both parts.
 */
export function fitRidge(train: Regression, validation: Regression, criterion: Criterion): FittedReadout {
  const path = ridgePath(train);
  const scored = RIDGE_PENALTIES.map((penalty) => ({
    penalty,
    score: criterion(path(penalty)(validation.features)),
  }));
  const best = scored.reduce((a, b) => (b.score < a.score ? b : a));
  const whole = {
    features: new Matrix([...train.features.to2DArray(), ...validation.features.to2DArray()]),
    targets: new Matrix([...train.targets.to2DArray(), ...validation.targets.to2DArray()]),
  };
  return { predict: ridgePath(whole)(best.penalty), chosen: best.penalty };
}
