/** A tensor as plain data: what passes between the trainer, checkpoints and measures. */
export interface TensorData {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly values: Float32Array | Int32Array;
}

/** Named tensors, e.g. the state of a training step; names as in a PyTorch state dict. */
export type TensorDataMap = Readonly<Record<string, TensorData>>;

/** All that a training run needs to go on to bit-identical results. */
export interface CheckpointState {
  /** Steps done. The next step to run is this one, counted from 0. */
  readonly step: number;
  readonly tensors: TensorDataMap;
}
