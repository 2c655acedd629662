import type { ProfileName } from '../../runs/profiles.js';

/** Pretraining seeds of an experiment on images. */
export interface StudySeeds {
  /** Of methods whose difference is a claim: an interval needs several. */
  readonly compared: readonly number[];
  /** Of everything else, such as a value of a sweep. */
  readonly single: readonly number[];
}

const THREE = [0, 1, 2];

/** What each profile can afford. The paper trains each method once, but a difference that is to be shown needs several. */
export const STUDY_SEEDS: Readonly<Record<ProfileName, StudySeeds>> = {
  smoke: { compared: [0], single: [0] },
  laptop: { compared: [0, 1], single: [0] },
  overnight: { compared: THREE, single: THREE },
  workstation: { compared: THREE, single: [0] },
  paper: { compared: THREE, single: THREE },
};
