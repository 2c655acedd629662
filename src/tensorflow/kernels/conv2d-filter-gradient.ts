/**
 * The gradient of a convolution by its filter as an op of our own, `setup/native/conv-filter-gradient.cc`: TensorFlow's
 * takes one and a half to two times as long on a CPU, most of it for bringing both factors into another layout.
 */
import * as tf from '../tf.js';
import { hasOwnOp, rawOps, type RawOp } from './raw.js';

const OP = 'CareConv2DFilterGradient';

/** Channels of a tile of the op on any processor divide these; other numbers of channels are left to TensorFlow. */
const IN_TILE = 8;
const OUT_TILE = 32;

export interface FilterGradientOptions {
  readonly stride: number;
  readonly padding: number;
}

function run(
  op: RawOp,
  x: tf.Tensor,
  dy: tf.Tensor,
  [rows = 1, columns = 1]: readonly number[],
  { stride, padding }: FilterGradientOptions,
): tf.Tensor {
  const raw = rawOps();
  if (raw === null) throw new Error(`${OP}: there is no native backend.`);
  const { int } = raw.attributes;
  const attributes = [
    int('rows', rows),
    int('columns', columns),
    int('stride', stride),
    int('padding', padding),
  ];
  return op(OP, attributes, [x, dy]);
}

function isThere(): boolean {
  return hasOwnOp(OP, (op) =>
    tf.tidy(() => {
      const x = tf.zeros([1, 1, 1, IN_TILE]);
      return run(op, x, tf.zeros([1, 1, 1, OUT_TILE]), [1, 1], { stride: 1, padding: 0 });
    }),
  );
}

/**
 * Whether the op is there and takes filters of this shape. Filters of one pixel at stride 1 are left to TensorFlow, to
 * which they are a product of matrices; at a larger stride it first takes the pixels out, which costs more than the product.
 */
export function hasOwnFilterGradient(
  filter: { readonly shape: readonly number[] },
  { stride }: { readonly stride: number },
): boolean {
  const [rows = 1, columns = 1, inputs = 1, outputs = 1] = filter.shape;
  const isProduct = rows * columns === 1 && stride === 1;
  return !isProduct && inputs % IN_TILE === 0 && outputs % OUT_TILE === 0 && isThere();
}

/**
 * The gradient by the filter, `sum over n, h, w of x[n, h s + r - p, w s + c - p, i] dy[n, h, w, o]`. It sums in an order
 * that does not depend on the number of threads.
 *
 * @param x - the convolution's input `[batch, height, width, in]`
 * @param dy - the gradient by its output `[batch, height', width', out]`
 * @param filter - anything of the filter's shape `[rows, columns, in, out]`, which is that of the result
 */
export function ownFilterGradient(
  x: tf.Tensor,
  dy: tf.Tensor,
  filter: { readonly shape: readonly number[] },
  options: FilterGradientOptions,
): tf.Tensor {
  const raw = rawOps();
  if (raw === null) throw new Error(`${OP}: there is no native backend.`);
  return run(raw.op, x, dy, filter.shape, options);
}
