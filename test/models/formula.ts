/** The numbers of test/golden/resnet.py: weights, images and targets that both sides compute from names. */
import type { TensorData, TensorDataMap } from '../../src/tensorflow/tensor-data.js';

/** Numbers in (0, 1) that depend on the name alone: FNV-1a of it, then MurmurHash3's finaliser. */
export function uniform(name: string, count: number): Float64Array {
  let seed = 2166136261;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 16777619);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 0x9e3779b1) + seed) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    values[i] = (((h ^ (h >>> 16)) >>> 0) + 0.5) / 2 ** 32;
  }
  return values;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

export function signed(name: string, shape: readonly number[]): Float32Array {
  return new Float32Array(uniform(name, sizeOf(shape)).map((u) => 2 * u - 1));
}

function weight(name: string, shape: readonly number[]): Float32Array {
  const part = name.slice(name.lastIndexOf('.') + 1);
  const [first = 0, second = 0, rows = 0, columns = 0] = shape;
  const scaled = (base: number, scale: number) => signed(name, shape).map((noise) => base + scale * noise);
  if (part === 'running_var') return scaled(1, 0.5);
  if (part === 'running_mean') return scaled(0, 0.2);
  if (part === 'bias') return scaled(0, 0.1);
  const scale = name.includes('bn3') ? 0.2 : 1;
  if (shape.length === 1) return scaled(scale, scale * 0.25);
  return scaled(0, shape.length === 4 ? Math.sqrt(6 / (first * rows * columns)) : Math.sqrt(3 / second));
}

/**
 * A state dict of the golden script: shapes in PyTorch's layout.
 *
 * @param shift - added to the biases of batch norm, up and down by turns of channels.
 */
export function formulaWeights(
  shapes: Readonly<Record<string, readonly number[]>>,
  shift = 0,
): TensorDataMap {
  const isShifted = (name: string) =>
    name.endsWith('bias') && `${name.slice(0, -'bias'.length)}running_mean` in shapes;
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const plain = weight(name, shape);
      const values = isShifted(name) ? plain.map((x, i) => x + (i % 2 === 0 ? shift : -shift)) : plain;
      return [name, { shape, dtype: 'float32' as const, values }];
    }),
  );
}

/** What the golden script keeps of a tensor. */
export interface Summary {
  readonly norm: number;
  readonly dots: readonly number[];
  /** All values, where they are few. */
  readonly values?: readonly number[];
}

/**
 * How far a tensor (in PyTorch's layout) is from what the golden script keeps of it: the largest difference of the norm,
 * of the two products with fixed vectors, and of the values, relative to the norm.
 */
export function distance(name: string, { values }: Pick<TensorData, 'values'>, expected: Summary): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  const dots = expected.dots.map((_, i) => {
    const fixed = uniform(`${name}#${i}`, values.length);
    let sum = 0;
    for (let j = 0; j < values.length; j++) sum += (2 * (fixed[j] ?? NaN) - 1) * (values[j] ?? NaN);
    return Math.sqrt(3) * sum;
  });
  const differences = [
    Math.sqrt(squares) - expected.norm,
    ...dots.map((dot, i) => dot - (expected.dots[i] ?? NaN)),
    ...(expected.values ?? []).map((value, i) => value - (values[i] ?? NaN)),
  ];
  return differences.reduce((worst, d) => Math.max(worst, Math.abs(d)), 0) / expected.norm;
}
