import { rmsNorm, type Embeddings } from './embeddings.js';
import { inTrial, wahba, type OrthogonalGroup, type WahbaResult } from './wahba.js';

/** Settings of the assertion. */
export interface EquivarianceAssertion {
  /** Root mean square error that is allowed, relative to the length of the embeddings. Default 1e-4: float32 rounding. */
  readonly tolerance?: number;
  /** Whether reflections may be used; default `O`, as in Proposition 1. */
  readonly group?: OrthogonalGroup;
  /**
   * Least root mean square movement, relative to the length of the embeddings, that an augmentation must cause; default
   * 0. Above 0, an invariant encoder, which is trivially equivariant, is refused too.
   */
  readonly leastMovement?: number;
}

/**
 * Asserts that an encoder answers every augmentation by an orthogonal map of its embedding space:
 * `f(a(x)) = R_a f(x)` for all items x at once.
 *
 * @param encode embeddings of items; row i belongs to item i.
 * @param items the items, in whatever form `encode` takes them. Two at least; more than dimensions, for a strict test.
 * @param augmentations functions that apply one augmentation identically to all items.
 * @returns the fitted map and errors of every augmentation.
 * @throws Error naming the augmentation and the item that fits worst, when the error is above the tolerance or the
 *   movement below `leastMovement`; RangeError as {@link wahba} does.
 */
export function assertRotationEquivariant<Items>(
  encode: (items: Items) => Embeddings,
  items: Items,
  augmentations: readonly ((items: Items) => Items)[],
  { tolerance = 1e-4, group = 'O', leastMovement = 0 }: EquivarianceAssertion = {},
): readonly WahbaResult[] {
  if (augmentations.length === 0) {
    throw new RangeError(
      'assertRotationEquivariant: there are no augmentations, so nothing would be asserted.',
    );
  }
  const from = encode(items);
  return augmentations.map((augment, trial) => {
    const result = inTrial(trial, () => wahba(from, encode(augment(items)), { group }));
    const length = rmsNorm(from);
    if (!(result.rms <= tolerance * length)) {
      const worst = result.residuals.indexOf(Math.max(...result.residuals));
      throw new Error(
        `Not equivariant: under augmentation ${trial} no map of ${group}(${result.dim}) takes the embeddings to where ` +
          `they went; root mean square error ${result.rms.toExponential(2)} on embeddings of length ` +
          `${length.toPrecision(3)}, tolerance ${(tolerance * length).toExponential(2)}. Item ${worst} fits worst, ` +
          `${(result.residuals[worst] ?? NaN).toExponential(2)}.`,
      );
    }
    const movement = result.moved / Math.sqrt(result.rows);
    if (movement < leastMovement * length) {
      throw new Error(
        `Only trivially equivariant: under augmentation ${trial} the embeddings move by ${movement.toExponential(2)}, ` +
          `less than ${(leastMovement * length).toExponential(2)}; the encoder is all but invariant.`,
      );
    }
    return result;
  });
}
