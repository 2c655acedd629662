/**
 * What is measured on an encoder that was trained with a bilinear form, on held-out structures. All runs see the same
 * rotations.
 *
 * A measurement's key holds a hash of this file and of all that it imports: it is made anew when they change.
 */
import { randomRotation } from '../../augment/rotations.js';
import type { EmbeddingPair } from '../../measure/embeddings.js';
import { formSize, gramChange, linearAction, stabiliserDefect } from '../../measure/preserved-form.js';
import { estimateOver } from '../../measure/statistics.js';
import { randomStream } from '../../tensorflow/random.js';
import type { ProteinEncoder } from '../protein/encoder.js';
import type { ProteinTask } from '../protein/task.js';
import type { Findings } from '../recorded-run.js';
import { FORMS, type FormsConfig, type FormsMeasureConfig } from './config.js';

/** What random numbers are for: the first counter of their stream. */
const PURPOSE = { augmentations: 1 } as const;
const IDENTITY = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/** Embeddings of the held-out structures before and after each of several rotations, one rotation for all of them. */
function* turnedPairs(
  encoder: ProteinEncoder,
  { test }: ProteinTask,
  { augmentations, seed }: FormsMeasureConfig,
): Generator<EmbeddingPair> {
  const from = encoder.embed(test, () => IDENTITY);
  for (let trial = 0; trial < augmentations; trial++) {
    const rotation = randomRotation(randomStream(seed, PURPOSE.augmentations, trial));
    yield { from, to: encoder.embed(test, () => rotation) };
  }
}

/**
 * What the form predicts (section 3.2): the form's values between items stay under a rotation, and the linear map by which
 * the rotation acts lies in the form's stabiliser, `||A^T M A - M|| / ||M||` near 0.
 */
function preserved(
  encoder: ProteinEncoder,
  task: ProteinTask,
  { form }: FormsConfig,
  measures: FormsMeasureConfig,
): Findings {
  const ofPair = (pair: EmbeddingPair, trial: number): Readonly<Record<string, number>> => {
    const gram = gramChange(pair, form, measures.seed + trial);
    const action = linearAction(pair, measures.seed + trial);
    return {
      gram: gram.relative,
      defect: stabiliserDefect(action.map, form),
      unrelated: stabiliserDefect(action.unrelated, form),
      unseen: action.unseen,
      movement: action.movement,
      size: formSize(pair.to, form),
      ...Object.fromEntries(FORMS.map((each) => [each, stabiliserDefect(action.map, each)])),
    };
  };
  const trials = Array.from(turnedPairs(encoder, task, measures), ofPair);
  const column = (name: string) => trials.map((trial) => trial[name] ?? NaN);
  const over = (name: string) => estimateOver(column(name), 'trials');
  const names = ['gram', 'defect', 'unrelated', 'unseen', 'movement', 'size'] as const;
  return {
    estimates: {
      ...Object.fromEntries(names.map((name) => [name, over(name)])),
      ...Object.fromEntries(FORMS.map((each) => [`defect.${each}`, over(each)])),
    },
    tables: {
      trials: {
        trial: trials.map((_, i) => i),
        ...Object.fromEntries(names.map((name) => [name, column(name)])),
      },
    },
  };
}

/** The measures, by the names under which records keep them. */
export const FORMS_MEASURES = { preserved } as const;
export type FormsMeasureName = keyof typeof FORMS_MEASURES;
