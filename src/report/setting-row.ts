import type { SettingsBlock } from './blocks.js';

/** Stands for what the paper does not say. */
export const NOT_GIVEN = 'not given';

/** A row of the table of settings; `NOT_GIVEN` as the paper's value makes it an open one, which differs from nothing. */
export function settingRow(
  setting: string,
  paper: string,
  ours: string,
  why?: string,
): SettingsBlock['rows'][number] {
  return {
    setting,
    paper,
    ours,
    differs: paper !== NOT_GIVEN && paper !== ours,
    open: paper === NOT_GIVEN,
    ...(why === undefined ? {} : { why }),
  };
}

/** Number of seeds of a plan's runs. */
export function seedsRow(runs: readonly { readonly seed: number }[]): SettingsBlock['rows'][number] {
  return settingRow('pretraining seeds', NOT_GIVEN, String(new Set(runs.map(({ seed }) => seed)).size));
}
