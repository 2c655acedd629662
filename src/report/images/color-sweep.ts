/** Hue, brightness, saturation and contrast, changed one at a time: figures of the report on colours. */
import type { ImageResults } from '../../experiments/images/study.js';
import type { FigureBlock, TableBlock } from '../blocks.js';
import { describeDots } from '../charts/dots.js';
import { sensitivityChart } from '../charts/lines.js';
import { brief, mean } from '../charts/statistics.js';
import { NOT_RUN, runsOf, seedValues, type Compared } from '../compared.js';
import { dotInput, HALF_WIDTH, quantityPanel, quantityTable } from '../compared-figures.js';
import { comparedMain } from './color-compared.js';
import { COLOR_QUANTITIES, READ_BACK, SWEEP_COLUMNS, SWEPT, type SweepColumn } from './color-quantities.js';
import { numbersIn } from './trials.js';

interface SweepDot {
  readonly method: string;
  readonly seed: number;
  readonly run: string;
  readonly parameter: string;
  readonly setting: number;
  readonly value: number;
}

/** A column of the sweep, run by run; where nothing changes there is no error to speak of, so the neutral strength is left out. */
function sweepDots(compared: Compared, column: SweepColumn): readonly SweepDot[] {
  return compared.methods.flatMap((method) =>
    runsOf(compared, method).flatMap(({ seed, record }) => {
      const sweep = record.measurements['colour-sweep'];
      const parameters = sweep?.tables?.['embedding.strengths']?.parameter ?? [];
      const strengths = numbersIn(sweep, 'embedding.strengths', 'strength');
      const values = numbersIn(sweep, 'embedding.strengths', column);
      return values.flatMap((value, row) => {
        const parameter = String(parameters[row]);
        const setting = strengths[row] ?? NaN;
        const still = SWEPT.some(({ name, neutral }) => name === parameter && neutral === setting);
        if (column !== 'moved' && still) return [];
        return [{ method, seed, run: record.id, parameter, setting, value }];
      });
    }),
  );
}

function sweepTable(dots: readonly SweepDot[], title: string, short: string): TableBlock {
  return {
    type: 'table',
    title,
    columns: [
      { key: 'method', title: 'method', kind: 'text' },
      { key: 'seed', title: 'seed', kind: 'number' },
      { key: 'parameter', title: 'parameter', kind: 'text' },
      { key: 'setting', title: 'strength', kind: 'number' },
      { key: 'value', title: short, kind: 'number' },
      { key: 'run', title: 'run', kind: 'text' },
    ],
    rows: dots.map(({ method, seed, parameter, setting, value, run }) => ({
      method,
      seed,
      parameter,
      setting,
      value: Number(value.toPrecision(4)),
      run,
    })),
  };
}

/** Means over strengths and runs, method by method. */
function sweepMeans(compared: Compared, dots: readonly SweepDot[]): string {
  const parts = compared.methods.flatMap((method) => {
    const own = dots.filter((dot) => dot.method === method).map(({ value }) => value);
    return own.length === 0 ? [] : [`${method} ${brief(mean(own), 2)}`];
  });
  return parts.length === 0 ? NOT_RUN : parts.join(', ');
}

const SWEEP_SAYS: Readonly<Record<SweepColumn, string>> = {
  moved: 'A flat line at 0 would be an encoder that is blind to the change.',
  relative:
    'Below 1, one rotation of the sphere explains part of what the change does to all images; where nothing changes there is no movement to explain, and no point.',
  unseen:
    'The rotation is found on one half of the images and tried on the other. Above 1 it does more harm than leaving the embeddings where they are.',
  gamma: 'How much distances between images change, compared with how far the images move.',
};

/** Hue, brightness, saturation and contrast, one at a time. */
export function sweepFigure(results: ImageResults, column: SweepColumn): FigureBlock {
  const compared = comparedMain(results);
  const dots = sweepDots(compared, column);
  const { title, short } = SWEEP_COLUMNS.find((each) => each.column === column) ?? SWEEP_COLUMNS[0];
  const panels = SWEPT.map(({ name, unit }) => ({
    title: name,
    spec: sensitivityChart({
      dots: dots.filter(({ parameter }) => parameter === name),
      xTitle: `${name} (${unit})`,
      yTitle: short,
      xScale: 'linear',
      width: HALF_WIDTH,
    }),
  }));
  return {
    type: 'figure',
    id: `sweep-${column}`,
    title: `${title} by strength, mean: ${sweepMeans(compared, dots)}`,
    panels: dots.length === 0 ? [] : panels,
    columns: 2,
    weSee: SWEEP_SAYS[column],
    alt:
      dots.length === 0
        ? 'No sweep: not run.'
        : SWEPT.map(
            ({ name }) =>
              `${name}: mean ${short} ${sweepMeans(
                compared,
                dots.filter(({ parameter }) => parameter === name),
              )}.`,
          ).join(' '),
    data: sweepTable(dots, title, short),
  };
}

/** How well the strength of a change is read back from the embeddings before and after it. */
export function readBackFigure(results: ImageResults): FigureBlock {
  const compared = comparedMain(results);
  const best = READ_BACK.map((quantity) => ({
    quantity,
    values: seedValues(compared, 'CARE', quantity),
  }));
  const order = best
    .filter(({ values }) => values.length > 0)
    .sort((a, b) => mean(b.values) - mean(a.values))
    .map(({ quantity, values }) => `${quantity.title} ${brief(mean(values), 2)}`);
  return {
    type: 'figure',
    id: 'read-back',
    title: `Reading the change back from CARE: ${order.length === 0 ? NOT_RUN : order.join(', ')}`,
    panels: READ_BACK.map((quantity) =>
      quantityPanel(compared, quantity, { references: [{ value: 0, label: 'the mean strength' }] }),
    ),
    columns: 2,
    weSee:
      'A ridge regression reads the strength from f(x) and f(ax) of images that it was not fitted to; each image has a strength of its own. 1 is perfect, 0 no better than the mean. Of a hue, the cosine and sine of its angle are read.',
    alt: READ_BACK.map((quantity) => describeDots(dotInput(compared, quantity))).join(' '),
    data: quantityTable(compared, 'Reading strengths back', [...READ_BACK, COLOR_QUANTITIES.parameters]),
  };
}
