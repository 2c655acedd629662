/**
 * Embeddings of a data set as one row-major matrix, from whatever encoder: `values[i * dim + j]` is coordinate j of
 * item i.
 */
export interface Embeddings {
  readonly rows: number;
  readonly dim: number;
  readonly values: Float32Array;
}
