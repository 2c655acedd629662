/**
 * The pictures of retrieval (Figures 9 and 21): queries, the same recoloured, and their neighbours. A record holds numbers of
 * images alone; pictures are drawn from the data where these are at hand.
 */
import { DataError } from '../../data/data-error.js';
import type { DataSet } from '../../data/data-set.js';
import { pngUrl } from '../../data/png.js';
import type { RunRecord } from '../../runs/record.js';
import { UserError } from '../../runs/user-error.js';
import { startEngine } from '../../tensorflow/engine.js';
import { checkSameData } from '../recorded-run.js';
import { trainingSchema } from './config.js';
import { imageMeasureSchema } from './measure-config.js';
import { loadImageTask } from './pretrain.js';
import { recolouredImages } from './recolouring.js';
import { limited } from './subject.js';

/** A neighbour as the record has it. */
export interface FoundImage {
  /** Number in the test set. */
  readonly image: number;
  readonly place: number;
}

/** What one run found for a query. */
export interface FoundForQuery {
  readonly run: string;
  /** Nearest to f(x). */
  readonly before: readonly FoundImage[];
  /** Nearest to f(a(x)). */
  readonly after: readonly FoundImage[];
}

/** A query with what runs found for it. */
export interface Query {
  /** Place among the images that were measured. */
  readonly query: number;
  /** Number in the test set. */
  readonly image: number;
  /** How it was recoloured, e.g. `hue 0.05`. */
  readonly change: readonly (readonly [string, number])[];
  readonly found: readonly FoundForQuery[];
}

function tablesOf(record: RunRecord) {
  return record.measurements.retrieval?.tables ?? {};
}

/** Queries at equal distances through the images that were measured, so that none is picked by its looks. */
function spread(images: number, count: number): readonly number[] {
  const wanted = Math.min(images, count);
  return Array.from({ length: wanted }, (_, i) => Math.floor(((i + 0.5) * images) / wanted));
}

function foundBy(record: RunRecord, query: number): FoundForQuery {
  const tables = tablesOf(record);
  const images = tables['queries']?.['image'] ?? [];
  const table = tables['embedding.neighbours'] ?? {};
  const rows = (table['query'] ?? []).flatMap((each, row) => (each === query ? [row] : []));
  const column = (name: string): readonly FoundImage[] =>
    rows.map((row) => ({
      image: Number(images[Number(table[name]?.[row])]),
      place: Number(table['place']?.[row]),
    }));
  return { run: record.id, before: column('unmoved'), after: column('image') };
}

/**
 * The queries that a report shows, with their neighbours by number: from records alone.
 *
 * @param records - runs that were measured alike; those without retrieval are passed over.
 */
export function shownQueries(records: readonly RunRecord[], count: number): readonly Query[] {
  const measured = records.filter((record) => tablesOf(record)['queries'] !== undefined);
  const [first] = measured;
  if (first === undefined) return [];
  const { image: images = [], ...changes } = tablesOf(first)['queries'] ?? {};
  return spread(images.length, count).map((query) => ({
    query,
    image: Number(images[query]),
    change: Object.entries(changes).map(([name, values]) => [name, Number(values[query])] as const),
    found: measured.map((record) => foundBy(record, query)),
  }));
}

/** Pictures of a test set by number, and of queries after the recolouring. */
export interface QueryPictures {
  readonly classOf: (image: number) => string;
  /** A PNG in a data URL. */
  readonly picture: (image: number) => string;
  readonly recoloured: (query: number) => string;
}

async function picturesOf(set: DataSet, numbers: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const urls = new Map<number, string>();
  for (const number of new Set(numbers)) urls.set(number, await pngUrl(set.batch([number]), set));
  return urls;
}

/**
 * Draws the pictures of queries and neighbours.
 *
 * @returns the pictures, or in a sentence why there are none: data that are not found, or are not those of the run.
 */
export async function drawQueries(
  record: RunRecord,
  queries: readonly Query[],
  dataDir?: string,
): Promise<QueryPictures | string> {
  const config = trainingSchema.parse(record.config);
  const settings = imageMeasureSchema.parse(record.measurements.retrieval?.settings ?? {});
  try {
    const task = await loadImageTask(config, dataDir === undefined ? {} : { dataDir });
    checkSameData(record, task.train.provenance);
    startEngine();
    const { test } = task;
    const numbers = queries.flatMap(({ image, found }) => [
      image,
      ...found.flatMap(({ before, after }) => [...before, ...after].map((one) => one.image)),
    ]);
    const plain = await picturesOf(test, numbers);
    const places = queries.map(({ query }) => query);
    const changed = recolouredImages(config, limited(test, settings.images), settings, places);
    const recoloured = new Map<number, string>();
    for (const [i, pixels] of changed.entries()) recoloured.set(places[i] ?? -1, await pngUrl(pixels, test));
    return {
      classOf: (image) => test.classNames[test.labels[image] ?? -1] ?? 'no class',
      picture: (image) => plain.get(image) ?? '',
      recoloured: (query) => recoloured.get(query) ?? '',
    };
  } catch (error) {
    if (error instanceof DataError || error instanceof UserError) return error.message;
    throw error;
  }
}
