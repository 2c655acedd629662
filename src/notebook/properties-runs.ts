/** The runs of the experiment on equivariance, for a cell: found in the store, or trained with a progress display. */
import {
  collectProperties,
  runProperties,
  type PropertiesPlan,
  type PropertiesResults,
} from '../experiments/equivariance-properties.js';
import { fetchWith, type FetchOptions } from './image-runs.js';

/**
 * The runs of a plan with their records.
 *
 * @throws InterruptedError when the cell was stopped; UserError for data, settings or folders that do not serve.
 */
export async function fetchProperties(
  plan: PropertiesPlan,
  options: FetchOptions,
): Promise<PropertiesResults> {
  return fetchWith(options, {
    collect: (records) => collectProperties(plan, records),
    run: (study) => runProperties(plan, study),
  });
}
