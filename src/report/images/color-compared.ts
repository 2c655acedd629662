/** Which runs the report on colours compares. */
import type { ImageResults } from '../../experiments/images/study.js';
import type { Compared } from '../compared.js';
import { comparedOf } from './common.js';

/** The two methods that the paper compares. */
export const PAIR = ['CARE', 'SimCLR'] as const;

/** CARE, SimCLR and the untrained encoder. */
export function comparedMain(results: ImageResults): Compared {
  return comparedOf(results, { part: 'main' });
}

/** The encoders onto the circle. */
export function comparedCircle(results: ImageResults): Compared {
  return comparedOf(results, { part: 'circle' });
}
