import { closest } from './closest.js';
import { UserError } from './user-error.js';

/** Which method is run. The switches each one sets stand with the experiments. */
export const PRESETS = {
  paper: "The method as the paper's text and equations describe it.",
  'official-code':
    'The method as the official code does it; each departure from the paper is a named switch.',
} as const;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[];

export const DEFAULT_PRESET: PresetName = 'paper';

/** @throws UserError on an unknown name; it lists the known ones. */
export function parsePreset(name: string): PresetName {
  const found = PRESET_NAMES.find((known) => known === name);
  if (found !== undefined) return found;
  const near = closest(name, PRESET_NAMES);
  const hint = `Choose one of ${PRESET_NAMES.join(', ')}.`;
  throw new UserError(
    `There is no preset "${name}".`,
    near === null ? hint : `Did you mean "${near}"? ${hint}`,
  );
}
