/** What pretraining seeds show of two methods, for sentences: a difference that they leave open is no difference, and no equality. */
import { compareSeeds } from './claims.js';
import { seedValues, type Compared, type Quantity } from './compared.js';
import { pairedBySeed } from './compared-claims.js';

/** What values over pretraining seeds show of two methods: `unclear` where the 95% interval of the difference holds 0. */
export type Shown = 'lower' | 'higher' | 'unclear' | 'not run';

/** Which of two lists of values, one a seed, was shown to be lower; by the test that judges claims. */
export function shownOrder(ours: readonly number[], other: readonly number[], paired: boolean): Shown {
  if (ours.length === 0 || other.length === 0) return 'not run';
  const { test, difference } = compareSeeds(ours, other, paired);
  if (test === 'none') return 'unclear';
  return difference.high < 0 ? 'lower' : difference.low > 0 ? 'higher' : 'unclear';
}

/** Whether a method was shown to be lower or higher in a quantity than another. */
export function shownAgainst(compared: Compared, ours: string, other: string, quantity: Quantity): Shown {
  const valuesOf = (method: string) => seedValues(compared, method, quantity);
  return shownOrder(valuesOf(ours), valuesOf(other), pairedBySeed(compared, [ours, other], quantity));
}

/** Whether a method was shown to be below or above a level in a quantity. */
export function shownAgainstLevel(
  compared: Compared,
  ours: string,
  level: number,
  quantity: Quantity,
): Shown {
  const values = seedValues(compared, ours, quantity);
  return shownOrder(
    values,
    values.map(() => level),
    true,
  );
}
