import { closest } from './closest.js';
import { UserError } from './user-error.js';

/** How big a run is. What each means for an experiment stands with the experiment. */
export const PROFILES = {
  smoke: 'For tests and continuous integration: each experiment in under a minute on 2 cores.',
  laptop:
    "For a newcomer's first reports: small networks and few seeds, all experiments within an hour on 2 cores.",
  overnight:
    'For the committed reports: small networks, 3 pretraining seeds or more, all methods, and one larger pair; about 6 hours on 2 cores.',
  workstation: 'ResNet-18 on the whole of CIFAR-10: hours on one GPU.',
  paper: "The paper's own settings: days on GPUs.",
} as const;

export type ProfileName = keyof typeof PROFILES;

export const PROFILE_NAMES = Object.keys(PROFILES) as readonly ProfileName[];

export const DEFAULT_PROFILE: ProfileName = 'laptop';

/** @throws UserError on an unknown name; it lists the known ones. */
export function parseProfile(name: string): ProfileName {
  const found = PROFILE_NAMES.find((known) => known === name);
  if (found !== undefined) return found;
  const near = closest(name, PROFILE_NAMES);
  const hint = `Choose one of ${PROFILE_NAMES.join(', ')}.`;
  throw new UserError(
    `There is no profile "${name}".`,
    near === null ? hint : `Did you mean "${near}"? ${hint}`,
  );
}
