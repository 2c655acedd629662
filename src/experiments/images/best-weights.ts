/** The weights with the best kNN accuracy on the way, beside the last ones, as the official code keeps them. */
import { existsSync, readFileSync } from 'node:fs';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import { writeFileAtomically } from '../../train/atomic-file.js';
import { decodeSafetensors, encodeSafetensors } from '../../train/safetensors.js';

/** Their file in a run's folder. */
export const BEST_WEIGHTS_FILE = 'best-knn.safetensors';

const ACCURACY = 'knn';

export interface BestWeights {
  /** From 0 to 1, on the test images. */
  readonly accuracy: number;
  readonly weights: TensorDataMap;
}

/** The best weights that were kept, or null where there are none. */
export function readBestWeights(path: string): BestWeights | null {
  if (!existsSync(path)) return null;
  const { tensors, metadata } = decodeSafetensors(readFileSync(path), path);
  return { accuracy: Number(metadata[ACCURACY] ?? NaN), weights: tensors };
}

/**
 * Keeps the weights where a look found a higher accuracy than those that are kept. A look that is repeated after a stop
 * finds the same, and changes nothing.
 */
export function keepBestWeights(path: string, accuracy: number, weights: () => TensorDataMap): void {
  const kept = readBestWeights(path);
  if (kept !== null && accuracy <= kept.accuracy) return;
  writeFileAtomically(
    path,
    encodeSafetensors(weights(), { [ACCURACY]: String(accuracy) }),
    'the best weights',
  );
}
