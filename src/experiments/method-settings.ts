/** Which of the user's settings a method has a use for. */
import type { ConfigLayer } from '../runs/configuration.js';

/** The weight of L_equi, by its whole name and by the short one. */
const WEIGHT = ['training.lambda', 'lambda'];

/**
 * The user's settings for a run: without the weight of L_equi where its method has no such term. Another weight then finds
 * these runs again, rather than training every one of them anew to the same result.
 */
export function settingsForMethod(
  overrides: ConfigLayer | undefined,
  hasEquivariance: boolean,
): ConfigLayer | undefined {
  if (overrides === undefined || hasEquivariance) return overrides;
  const values = Object.fromEntries(
    Object.entries(overrides.values).filter(([key]) => !WEIGHT.includes(key)),
  );
  return { ...overrides, values };
}
