import { hashJson } from './canonical-json.js';
import type { Json } from './record.js';

/** All that can change the result of a run. */
export interface RunIdentity {
  readonly experiment: string;
  /** The configuration as resolved, seeds included. */
  readonly config: Json;
  /** sha256 of the data set, `DataProvenance.sha256`. */
  readonly dataHash: string;
  /** Hash of the training code, `CodeProvenance.trainingHash`. */
  readonly trainingHash: string;
}

const ID_LENGTH = 12;

/** Names of run folders look like this. */
export const RUN_ID = /^[0-9a-f]{12}$/;

/**
 * The id of a run: the first 12 hex digits of a sha256 over its identity as canonical JSON, so that the order of the
 * configuration's keys does not matter.
 *
 * @throws Error when the configuration holds NaN, undefined or anything else that is not JSON.
 */
export function runId({ experiment, config, dataHash, trainingHash }: RunIdentity): string {
  return hashJson({ experiment, config, dataHash, trainingHash }).slice(0, ID_LENGTH);
}
