/** Items with their classes, as probes and neighbours take them. */
import { checkEmbeddings, type Embeddings } from './embeddings.js';

/** Items with their classes, from 0. */
export interface LabelledEmbeddings {
  readonly embeddings: Embeddings;
  readonly labels: ArrayLike<number>;
}

/**
 * @param measure name of the measure, for the message.
 * @param name which set, for the message.
 * @throws RangeError for embeddings that are no whole rows of finite numbers, and for labels that are missing or no whole
 *   numbers from 0.
 */
export function checkLabelled(
  measure: string,
  name: string,
  { embeddings, labels }: LabelledEmbeddings,
): void {
  checkEmbeddings(measure, name, embeddings, 1);
  if ((labels as ArrayLike<number> | undefined) === undefined) {
    throw new RangeError(`${measure}: ${name} has no labels; give one whole number from 0 for each row.`);
  }
  if (labels.length !== embeddings.rows) {
    throw new RangeError(`${measure}: ${name} has ${embeddings.rows} rows and ${labels.length} labels.`);
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] ?? -1;
    if (!Number.isInteger(label) || label < 0) {
      throw new RangeError(
        `${measure}: row ${i} of ${name} has the label ${label}; labels are whole numbers from 0. Unlabelled images cannot vote.`,
      );
    }
  }
}

/** One more than the largest label. */
export function classesOf(labels: ArrayLike<number>): number {
  let largest = -1;
  for (let i = 0; i < labels.length; i++) largest = Math.max(largest, labels[i] ?? -1);
  return largest + 1;
}
