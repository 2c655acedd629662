/** A trained encoder, for measuring: embeddings of chosen structures in chosen orientations. */
import { MATRIX_SIZE, rotateClouds } from '../../augment/rotations.js';
import type { Embeddings } from '../../measure/embeddings.js';
import { scopeOf, type Module } from '../../nn/module.js';
import { compileProgram } from '../../tensorflow/compile.js';
import { gatherRows } from '../../tensorflow/kernels/gather-rows.js';
import type { TensorData, TensorDataMap } from '../../tensorflow/tensor-data.js';
import type * as tf from '../../tensorflow/tf.js';
import type { TrainingConfig } from './config.js';
import { proteinModel } from './training.js';

/** Clouds that go through the encoder at a time. */
const BATCH = 128;
const CLOUDS = 'data.clouds';

export interface ProteinEncoder {
  /**
   * Embeddings `[count, dim]` of structures, each turned by a rotation.
   *
   * @param structures - index of the structure of each row.
   * @param rotationOf - the rotation (row-major 3 x 3) of a row.
   */
  readonly embed: (structures: readonly number[], rotationOf: (row: number) => Float32Array) => Embeddings;
  readonly dispose: () => void;
}

/** The encoder of a configuration with given weights, over given clouds `[structures, points, 3]`. */
export function proteinEncoder(
  config: TrainingConfig,
  weights: TensorDataMap,
  clouds: TensorData,
): ProteinEncoder {
  return cloudEncoder(proteinModel(config), config.model.rho.at(-1) ?? 0, weights, clouds);
}

/** Any model of clouds `[structures, points, 3]` with given weights; `dim` is the length of its embeddings. */
export function cloudEncoder(
  model: Module<tf.Tensor3D, tf.Tensor2D>,
  dim: number,
  weights: TensorDataMap,
  clouds: TensorData,
): ProteinEncoder {
  const program = compileProgram({
    name: 'protein encoder',
    state: weights,
    frozen: { [CLOUDS]: clouds },
    functions: {
      embed: {
        inputs: {
          indices: { shape: [BATCH], dtype: 'int32' },
          rotations: { shape: [BATCH, 3, 3], dtype: 'float32' },
        },
        run: (state, inputs) => {
          const chosen = gatherRows(state[CLOUDS] as tf.Tensor3D, inputs.indices as tf.Tensor1D);
          const turned = rotateClouds(chosen, inputs.rotations as tf.Tensor3D);
          return { outputs: { embeddings: model.apply(scopeOf(state, false), turned) } };
        },
      },
    },
  });
  return {
    embed(structures, rotationOf) {
      const values = new Float32Array(structures.length * dim);
      for (let start = 0; start < structures.length; start += BATCH) {
        const rows = structures.slice(start, start + BATCH);
        // A short last batch is filled up with the first structure; its rows are not kept.
        const indices = Int32Array.from({ length: BATCH }, (_, i) => rows[i] ?? 0);
        const rotations = new Float32Array(BATCH * MATRIX_SIZE);
        rows.forEach((_, i) => rotations.set(rotationOf(start + i), i * MATRIX_SIZE));
        const batch = program.run('embed', { indices, rotations }).embeddings?.values ?? new Float32Array(0);
        values.set(batch.subarray(0, rows.length * dim), start * dim);
      }
      return { rows: structures.length, dim, values };
    },
    dispose: () => program.dispose(),
  };
}
