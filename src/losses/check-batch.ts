import type * as tf from '../tensorflow/tf.js';

/** The size of a batch of embeddings: `[batch, dim]`. */
export interface BatchSize {
  readonly batch: number;
  readonly dim: number;
}

/**
 * Check one batch of embeddings, `[batch, dim]`.
 *
 * @throws RangeError when it is no matrix, or has fewer than `atLeast` rows. `why` completes the sentence.
 */
export function checkBatch(
  loss: string,
  name: string,
  x: tf.Tensor,
  atLeast: number,
  why: string,
): BatchSize {
  if (x.shape.length !== 2) {
    throw new RangeError(
      `${loss}: ${name} has shape [${x.shape.join(', ')}]; pass embeddings as a matrix [batch, dim].`,
    );
  }
  const [batch, dim] = x.shape;
  if (batch < atLeast || dim < 1) {
    throw new RangeError(
      `${loss}: ${name} has shape [${x.shape.join(', ')}]; at least ${atLeast} rows and 1 column are needed, ${why}.`,
    );
  }
  return { batch, dim };
}

/**
 * Check two batches whose rows belong together.
 *
 * @throws RangeError when one is no matrix, is too small, or when their shapes differ.
 */
export function checkViews(
  loss: string,
  first: tf.Tensor,
  second: tf.Tensor,
  atLeast: number,
  why: string,
): BatchSize {
  const size = checkBatch(loss, 'first', first, atLeast, why);
  const other = checkBatch(loss, 'second', second, atLeast, why);
  if (size.batch !== other.batch || size.dim !== other.dim) {
    throw new RangeError(
      `${loss}: first has shape [${first.shape.join(', ')}] and second [${second.shape.join(', ')}]; ` +
        'row i of both must be the same item under two augmentations, so the shapes must be equal.',
    );
  }
  return size;
}

/** @throws RangeError when the temperature is not a positive finite number. */
export function checkTemperature(loss: string, temperature: number): void {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`${loss}: temperature is ${temperature}; it must be a positive number, e.g. 0.5.`);
  }
}
