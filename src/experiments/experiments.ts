/** The experiments of the paper, in the order in which they run: an experiment is one file, a notebook, and one line here. */
import { closest } from '../runs/closest.js';
import { UserError } from '../runs/user-error.js';
import { equivarianceProperties } from './equivariance-properties.js';
import { benchmarkTables } from './images/benchmark-tables.js';
import { colorSensitivity } from './images/color-sensitivity.js';
import { retrievalExperiment } from './images/retrieval.js';
import { proteinExperiment } from './protein/study.js';
import type { Experiment } from './study.js';

export const EXPERIMENTS: readonly Experiment[] = [
  proteinExperiment,
  colorSensitivity,
  retrievalExperiment,
  equivarianceProperties,
  benchmarkTables,
];

export const EXPERIMENT_NAMES: readonly string[] = EXPERIMENTS.map(({ name }) => name);

/**
 * The experiments of the given names, in the order in which they run; all where none is given.
 *
 * @throws UserError for a name that is none, with the nearest.
 */
export function experimentsNamed(names: readonly string[]): readonly Experiment[] {
  for (const name of names) {
    if (EXPERIMENT_NAMES.includes(name)) continue;
    const near = closest(name, EXPERIMENT_NAMES);
    const hint = `There is ${EXPERIMENT_NAMES.join(', ')}.`;
    throw new UserError(
      `There is no experiment "${name}".`,
      near === null ? hint : `Did you mean "${near}"? ${hint}`,
    );
  }
  return EXPERIMENTS.filter(({ name }) => names.length === 0 || names.includes(name));
}
