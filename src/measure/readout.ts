import type { Matrix } from 'ml-matrix';

/** Features and targets of items, row-major: `[rows, features]` and `[rows, targets]`. */
export interface Regression {
  readonly features: Matrix;
  readonly targets: Matrix;
}

/** A fitted readout: targets predicted from features, `[rows, features] -> [rows, targets]`. */
export interface FittedReadout {
  readonly predict: (features: Matrix) => Matrix;
  /** What the validation part decided: the ridge penalty, or the number of training steps. */
  readonly chosen: number;
}

/** How wrong predictions of the validation part are: smaller is better. */
export type Criterion = (predictions: Matrix) => number;
