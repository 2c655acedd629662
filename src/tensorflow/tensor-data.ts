import * as tf from './tf.js';

/** A tensor as plain data: what passes between compiled steps, the trainer, checkpoints and measures. */
export interface TensorData {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly values: Float32Array | Int32Array;
}

/** Named tensors, e.g. the state of a training step; names as in a PyTorch state dict. */
export type TensorDataMap = Readonly<Record<string, TensorData>>;

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * A tensor made of plain data. The caller disposes of it.
 *
 * @throws Error when the number of values is not that of the shape.
 */
export function toTensor(data: TensorData): tf.Tensor {
  if (data.values.length !== sizeOf(data.shape)) {
    throw new Error(
      `Tensor data: ${data.values.length} values were given for shape [${data.shape.join(', ')}], ` +
        `which holds ${sizeOf(data.shape)}.`,
    );
  }
  return tf.tensor(data.values, [...data.shape], data.dtype);
}

/** The values of a tensor as plain data; the tensor stays. */
export function fromTensor(tensor: tf.Tensor): TensorData {
  if (tensor.dtype !== 'float32' && tensor.dtype !== 'int32') {
    throw new Error(`Tensor data: dtype ${tensor.dtype} is not kept; cast it to float32 or int32 first.`);
  }
  // A copy: on some backends dataSync hands out the backend's own array.
  const values = tensor.dataSync<'float32' | 'int32'>().slice();
  return { shape: [...tensor.shape], dtype: tensor.dtype, values };
}
