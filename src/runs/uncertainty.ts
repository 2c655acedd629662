/** How the uncertainty beside an estimate is said. */
import type { UncertaintyKind } from './record.js';

/** What a standard error is over, e.g. `samples`; undefined for a kind whose deviation is the spread of the items themselves. */
export function standardErrorItems(kind: UncertaintyKind | undefined): string | undefined {
  return /^standard error over (.+)$/.exec(kind ?? '')?.[1];
}
