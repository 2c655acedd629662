import type { TensorData, TensorDataMap } from '../tensorflow/tensor-data.js';

export type { TensorData, TensorDataMap };

/** All that a training run needs to go on to bit-identical results. */
export interface CheckpointState {
  /** Steps done. The next step to run is this one, counted from 0. */
  readonly step: number;
  readonly tensors: TensorDataMap;
}
