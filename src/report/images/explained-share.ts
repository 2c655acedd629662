/** How much of a movement a rotation explains, read off the trials of Wahba's error. */
import type { Measurement } from '../../runs/record.js';

/**
 * The share of the squared movement that the best rotation explains, `1 - sum error^2 / sum moved^2` over the trials of a
 * run; both are Frobenius norms over the same images. One minus the square of the mean ratio is no such share: by Jensen it
 * is too large where all trials move alike.
 *
 * @param stage - before the head or behind it, as tables are named.
 * @returns at most 1; undefined without trials, or where nothing moved.
 */
export function explainedShare({ tables }: Measurement, stage: 'embedding' | 'features'): number | undefined {
  const trials = tables?.[`${stage}.trials`];
  const squares = (column: string) =>
    (trials?.[column] ?? []).reduce<number>((sum, value) => sum + Number(value) ** 2, 0);
  const moved = squares('moved');
  return trials?.error === undefined || moved === 0 ? undefined : 1 - squares('error') / moved;
}
