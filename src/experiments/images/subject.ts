/** A trained encoder of images as measures see it: its embeddings before the head and after it, image by image. */
import type { SimclrAugmentation } from '../../augment/simclr.js';
import { subset, type DataSet } from '../../data/data-set.js';
import { stratifiedLimit } from '../../data/stratified.js';
import type { Embeddings } from '../../measure/embeddings.js';
import type { TensorDataMap } from '../../tensorflow/tensor-data.js';
import type { Findings } from '../recorded-run.js';
import { augmentedEncoder, type AugmentedEncoder } from './augmented-embedding.js';
import type { ImageConfig } from './config.js';
import type { ImageEmbeddings } from './embedding.js';
import type { MeasureSettings } from './measure-config.js';
import type { ImageTask } from './monitor.js';

/** A trained encoder with its data. */
export interface ImageSubject {
  readonly config: ImageConfig;
  readonly weights: TensorDataMap;
  readonly task: ImageTask;
  /** Images on which it was not trained, where `transfer` is measured. */
  readonly elsewhere?: ImageTask;
}

/** What random numbers of measures are for: the first counter of their stream. */
export const DRAWN_FOR = {
  trials: 1,
  first: 2,
  second: 3,
  recoloured: 4,
  own: 5,
  positive: 6,
  swept: 7,
} as const;

/** Where embeddings are looked at, and what they are called there. */
export const STAGES = { embedding: 'embeddings', features: 'features' } as const;
export type Stage = keyof typeof STAGES;

/** The stages that are asked for. */
export function stagesOf({ beforeHead }: MeasureSettings): readonly Stage[] {
  return beforeHead ? ['embedding', 'features'] : ['embedding'];
}

/** Numbers of at most so many images of a set, each class with its share. */
export function limitedNumbers({ length, labels }: DataSet, limit: number | null): readonly number[] {
  if (limit === null || length <= limit) return Array.from({ length }, (_, i) => i);
  return stratifiedLimit(labels, limit, 0);
}

/** At most so many images of a set, each class with its share. */
export function limited(set: DataSet, limit: number | null): DataSet {
  if (limit === null || set.length <= limit) return set;
  return subset(set, limitedNumbers(set, limit), { measureLimit: limit });
}

/** Embeddings on the unit sphere, where those behind the head are: features before it have any length. */
function onSphere({ rows, dim, values }: Embeddings): Embeddings {
  const scaled = values.slice();
  for (let i = 0; i < rows; i++) {
    const row = scaled.subarray(i * dim, (i + 1) * dim);
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    if (length > 0) row.forEach((x, j) => (row[j] = x / length));
  }
  return { rows, dim, values: scaled };
}

/** Embeddings of a stage, on the unit sphere. */
export function stageOf(found: ImageEmbeddings, stage: Stage): Embeddings {
  return onSphere(found[STAGES[stage]]);
}

/** Findings of every stage in one, the estimates as `<stage>.<name>`, rows of tables with their stage. */
export function byStage(settings: MeasureSettings, find: (stage: Stage) => Findings): Findings {
  const found = stagesOf(settings).map((stage) => ({ stage, ...find(stage) }));
  const estimates = found.flatMap(({ stage, estimates: own }) =>
    Object.entries(own).map(([name, estimate]) => [`${stage}.${name}`, estimate] as const),
  );
  const tables = found.flatMap(({ stage, tables: own = {} }) =>
    Object.entries(own).map(([name, table]) => [`${stage}.${name}`, table] as const),
  );
  return { estimates: Object.fromEntries(estimates), tables: Object.fromEntries(tables) };
}

/** Uses the encoder of a subject, for images of its test set, and lets it go. It is compiled when it is first asked. */
export function withEncoder<T>(
  { config, weights, task }: ImageSubject,
  pipelines: Readonly<Record<string, readonly SimclrAugmentation[]>>,
  use: (encoder: Pick<AugmentedEncoder, 'plain' | 'augmented'>) => T,
): T {
  let compiled: AugmentedEncoder | undefined;
  const encoder = () => (compiled ??= augmentedEncoder(config, weights, task.test, pipelines));
  try {
    return use({
      plain: (set) => encoder().plain(set),
      augmented: (pipeline, set, drawn) => encoder().augmented(pipeline, set, drawn),
    });
  } finally {
    compiled?.dispose();
  }
}

/** Images are independent: the even ones are learnt from, the odd ones judged by. */
export function learntAndJudged(count: number): { readonly train: number[]; readonly test: number[] } {
  const order = Array.from({ length: count }, (_, i) => i);
  return { train: order.filter((i) => i % 2 === 0), test: order.filter((i) => i % 2 === 1) };
}
