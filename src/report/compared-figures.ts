/** Charts and tables of methods beside each other: seeds as dots, means with their deviation, curves over training. */
import type { FigureBlock, Panel, TableBlock, TableColumn } from './blocks.js';
import { dotPlot, type Dot, type DotPlotInput, type ReferenceLevel } from './charts/dots.js';
import { describeCurves, trainingChart, type TrainingCurve } from './charts/lines.js';
import { formatValues } from './claims.js';
import {
  cellOf,
  estimateOf,
  NOT_RUN,
  runsOf,
  seedValues,
  type Compared,
  type ComparedRun,
  type Quantity,
} from './compared.js';

/** Width of a panel of which two stand beside each other, in pixels. */
export const HALF_WIDTH = 430;

function dotsOf(compared: Compared, quantity: Quantity): Dot[] {
  return compared.methods.flatMap((method) =>
    runsOf(compared, method).flatMap(({ record, seed }) => {
      const value = estimateOf(record, quantity)?.value;
      return value === undefined ? [] : [{ method, value, seed, run: record.id }];
    }),
  );
}

/** A quantity as input of a dot plot: a dot a pretraining seed. */
export function dotInput(
  compared: Compared,
  quantity: Quantity,
  references: readonly ReferenceLevel[] = [],
): DotPlotInput {
  const unit = quantity.unit === undefined ? '' : ` (${quantity.unit})`;
  return {
    dots: dotsOf(compared, quantity),
    xTitle: `${quantity.title}${unit}`,
    methods: compared.methods,
    dotIs: 'pretraining seed',
    references,
    scale: quantity.scale ?? 'linear',
    zero: quantity.scale !== 'log',
  };
}

/** What a panel shows beside the dots of its quantity. */
export interface PanelOptions {
  readonly references?: readonly ReferenceLevel[];
  /** Default: the quantity's. */
  readonly title?: string;
  /** A quantity of another panel that has the same scale. */
  readonly beside?: Quantity;
}

/** A quantity of all methods: seeds as dots with their mean. */
export function quantityPanel(
  compared: Compared,
  quantity: Quantity,
  { references = [], title = quantity.title, beside }: PanelOptions = {},
): Panel {
  const reaches = beside === undefined ? [] : dotsOf(compared, beside).map(({ value }) => value);
  const input = { ...dotInput(compared, quantity, references), reaches };
  return { title, spec: dotPlot({ ...input, width: HALF_WIDTH }) };
}

/** Keys of the quantities' columns: the estimate's name, with that of the measure where two measures share it. */
export function columnKeys(quantities: readonly Quantity[]): readonly string[] {
  return quantities.map(({ measure, estimate }) =>
    quantities.filter((other) => other.estimate === estimate).length === 1
      ? estimate
      : `${measure} ${estimate}`,
  );
}

/** Mean and standard deviation over seeds of several quantities, a method a row. */
export function quantityTable(
  compared: Compared,
  title: string,
  quantities: readonly Quantity[],
): TableBlock {
  const keys = columnKeys(quantities);
  const columns: TableColumn[] = quantities.map(({ title: name, unit }, i) => ({
    key: keys[i] ?? '',
    title: name,
    // Aligned at the decimal point, spread and all.
    kind: 'number',
    source: 'ours',
    ...(unit === undefined ? {} : { unit }),
  }));
  const found = compared.methods.map((method) => ({
    method,
    cells: quantities.map((quantity) => seedValues(compared, method, quantity)),
  }));
  const sizes = [...new Set(found.flatMap(({ cells }) => cells.map(({ length }) => length)))];
  const [n = 0, ...others] = sizes.filter((size) => size > 0);
  // One n for all stands in the caption; several stand with their numbers.
  const text = (values: readonly number[]): string =>
    others.length === 0 ? formatValues(values).replace(/ \(n = .*\)$/, '') : formatValues(values);
  const rows = found.map(({ method, cells }) => ({
    [compared.noun]: method,
    ...Object.fromEntries(
      cells.map((values, i) => [keys[i] ?? '', values.length === 0 ? NOT_RUN : text(values)]),
    ),
  }));
  return {
    type: 'table',
    title,
    columns: [{ key: compared.noun, title: compared.noun, kind: 'text' }, ...columns],
    rows,
    caption: `Mean \u00b1 sample standard deviation over pretraining seeds${n > 0 && others.length === 0 ? ` (n = ${n})` : ''}, profile ${compared.profile}.`,
  };
}

/** A metric of runs over training. */
export function trainingCurves(runs: readonly ComparedRun[], metric: string): readonly TrainingCurve[] {
  return runs.flatMap(({ method, seed, record }) => {
    const series = record?.series[metric];
    return series === undefined || record === null ? [] : [{ method, run: record.id, seed, ...series }];
  });
}

/** A series of the record and its axis. */
export interface CurveMetric {
  readonly metric: string;
  readonly yTitle: string;
  readonly yScale: 'linear' | 'log';
  /** Whether the mean over seeds is drawn. */
  readonly withMean?: boolean;
}

/** Metrics over training, each run a line: panels, words and the table of first and last values; those that no run has are left out. */
export function curveParts(
  { noun, runs }: Pick<Compared, 'noun' | 'runs'>,
  metrics: readonly CurveMetric[],
): Pick<FigureBlock, 'panels' | 'columns' | 'alt' | 'data'> {
  const inputs = metrics
    .map(({ metric, ...rest }) => ({ ...rest, curves: trainingCurves(runs, metric) }))
    .filter(({ curves }) => curves.length > 0);
  const rows = inputs.flatMap(({ yTitle, curves }) =>
    curves.map(({ method, seed, run, values }) => ({
      term: yTitle,
      [noun]: method,
      seed: seed ?? null,
      first: cellOf(values[0], 4),
      last: cellOf(values.at(-1), 4),
      run: run ?? '',
    })),
  );
  return {
    panels: inputs.map((input) => ({
      title: input.yTitle,
      spec: trainingChart({ ...input, width: HALF_WIDTH, height: 240 }),
    })),
    columns: 2,
    alt: inputs.length === 0 ? 'No curve: not run.' : inputs.map(describeCurves).join(' '),
    data: {
      type: 'table',
      title: 'First and last value of each term',
      columns: [
        { key: 'term', title: 'term', kind: 'text' },
        { key: noun, title: noun, kind: 'text' },
        { key: 'seed', title: 'seed', kind: 'number' },
        { key: 'first', title: 'first', kind: 'number' },
        { key: 'last', title: 'last', kind: 'number' },
        { key: 'run', title: 'run', kind: 'text' },
      ],
      rows,
    },
  };
}
