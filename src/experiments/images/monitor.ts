/**
 * The monitor of pretraining: what nearest neighbours tell of an encoder.
 *
 * A measurement's key holds a hash of this file and of all that it imports, so that a change here measures anew.
 */
import { subset, type DataSet } from '../../data/data-set.js';
import { stratifiedLimit } from '../../data/stratified.js';
import { knn, type KnnResult } from '../../measure/knn.js';
import type { Program } from '../../tensorflow/compile.js';
import type { ImageMeasureConfig } from './config.js';
import { embedImages } from './embedding.js';

/** The images to train on, and those to look at. */
export interface ImageTask {
  readonly train: DataSet;
  readonly test: DataSet;
}

/** At most so many images of a set, each class with its share. */
export function limited(set: DataSet, limit: number | null): DataSet {
  if (limit === null || set.length <= limit) return set;
  return subset(set, stratifiedLimit(set.labels, limit, 0), { knnLimit: limit });
}

/** Neighbours that vote: as many as were asked for, or all images of a smaller bank. */
export function neighboursOf({ k, knnLimit }: ImageMeasureConfig, { train }: ImageTask): number {
  return Math.min(k, train.length, knnLimit ?? Infinity);
}

/** Accuracy by nearest neighbours on features, with the training images as the bank. */
export function knnOf(program: Program, task: ImageTask, measures: ImageMeasureConfig): KnnResult {
  const [bank, queries] = [limited(task.train, measures.knnLimit), limited(task.test, measures.knnLimit)];
  return knn(
    { embeddings: embedImages(program, bank).features, labels: bank.labels },
    { embeddings: embedImages(program, queries).features, labels: queries.labels },
    { k: neighboursOf(measures, task), temperature: measures.knnTemperature },
  );
}
