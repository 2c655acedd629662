/** How much a setting matters: every value of it that was tried, as a table and as charts. */
import type { RunVariation } from '../experiments/study.js';
import type { FigureBlock, TableBlock } from './blocks.js';
import type { ReferenceLevel } from './charts/dots.js';
import { sensitivityChart, type SettingRegion } from './charts/lines.js';
import { cellOf, estimateOf, NOT_RUN, type ComparedRun, type Quantity } from './compared.js';
import { columnKeys } from './compared-figures.js';

/** A run whose setting may be another than the main comparison's. */
export interface VariedRun extends ComparedRun {
  readonly variation: RunVariation | null;
  readonly config: unknown;
}

/** The value of a dotted setting in a configuration; undefined where there is none. */
export function settingOf(config: unknown, setting: string): unknown {
  return setting
    .split('.')
    .reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], config);
}

/** Settings that runs vary. */
export function variedSettings(
  runs: readonly { readonly variation: RunVariation | null }[],
): readonly string[] {
  return [...new Set(runs.flatMap(({ variation }) => (variation === null ? [] : [variation.setting])))];
}

/** The runs that tell how much a setting matters: those that vary it, and the main ones of the same methods and seeds. */
export function varied<Run extends VariedRun>(runs: readonly Run[], setting: string): readonly Run[] {
  const variations = runs.filter(({ variation }) => variation?.setting === setting);
  const methods = new Set(variations.map(({ method }) => method));
  const seeds = new Set(variations.map(({ seed }) => seed));
  const main = runs.filter((o) => o.variation === null && methods.has(o.method) && seeds.has(o.seed));
  return [...main, ...variations];
}

export interface SensitivityInput {
  readonly runs: readonly VariedRun[];
  readonly setting: string;
  /** What charts call it; its name in the configuration if absent. */
  readonly name?: string;
  readonly quantities: readonly Quantity[];
  /** What tables call a method. */
  readonly noun: string;
  /** Levels of methods that do not have the setting. */
  readonly references?: (quantity: Quantity) => readonly ReferenceLevel[];
  /** Values of the setting to mark in charts. */
  readonly region?: SettingRegion;
}

function chosenValue({ runs, setting }: SensitivityInput): unknown {
  return settingOf(runs.find(({ variation }) => variation === null)?.config, setting);
}

/** Every value of a setting that was tried, a run a row. */
export function sensitivityTable(input: SensitivityInput): TableBlock {
  const { runs, setting, quantities, noun } = input;
  const keys = columnKeys(quantities);
  const seeds = new Set(varied(runs, setting).map(({ seed }) => seed));
  return {
    type: 'table',
    title: `How much ${setting} matters${seeds.size === 1 ? ' (one seed each)' : ''}`,
    columns: [
      { key: noun, title: noun, kind: 'text' },
      { key: 'setting', title: setting, kind: 'text' },
      ...quantities.map(({ title, unit }, i) => ({
        key: keys[i] ?? '',
        title,
        kind: 'number' as const,
        ...(unit === undefined ? {} : { unit }),
      })),
      { key: 'run', title: 'run', kind: 'text' },
    ],
    rows: varied(runs, setting)
      .map(({ method, config, record }) => ({
        method,
        value: String(settingOf(config, setting)),
        cells: Object.fromEntries(
          quantities.map((quantity, i) => [keys[i] ?? '', cellOf(estimateOf(record, quantity)?.value, 3)]),
        ),
        run: record?.id ?? NOT_RUN,
      }))
      .sort((a, b) => a.method.localeCompare(b.method) || Number(a.value) - Number(b.value))
      .map(({ method, value, cells, run }) => ({ [noun]: method, setting: value, ...cells, run })),
    caption: `The other figures use ${String(chosenValue(input))}.`,
  };
}

/** The same as charts, for a setting that is a number. */
export function sensitivityFigure(input: SensitivityInput): FigureBlock {
  const { runs, setting, quantities, noun } = input;
  const outcomes = varied(runs, setting);
  const chosen = Number(chosenValue(input));
  const panels = quantities.map((quantity) => ({
    title: quantity.title,
    spec: sensitivityChart({
      dots: outcomes.flatMap(({ method, config, record }) => {
        const value = estimateOf(record, quantity)?.value;
        if (value === undefined || record === null) return [];
        return [{ method, setting: Number(settingOf(config, setting)), value, run: record.id }];
      }),
      xTitle: input.name ?? setting,
      yTitle: quantity.unit ?? quantity.axis ?? quantity.title,
      xScale: 'log',
      yScale: quantity.scale ?? 'linear',
      chosen,
      references: input.references?.(quantity) ?? [],
      ...(input.region === undefined ? {} : { region: input.region }),
    }),
  }));
  const table = sensitivityTable(input);
  const keys = columnKeys(quantities);
  const single = new Set(outcomes.map(({ seed }) => seed)).size === 1;
  return {
    type: 'figure',
    id: `sensitivity-${setting.replace(/[^a-z]+/gi, '-').toLowerCase()}`,
    title: `How much ${setting} matters`,
    panels,
    columns: 3,
    weSee: `${single ? 'One seed each; the' : 'The'} line marks the value of the other figures, ${chosen}.`,
    alt: table.rows
      .map(
        (row) =>
          `${String(row[noun])} at ${String(row.setting)}: ${quantities.map(({ title }, i) => `${title} ${String(row[keys[i] ?? ''] ?? NOT_RUN)}`).join(', ')}.`,
      )
      .join(' '),
    data: table,
  };
}
