/** Wahba's error augmentation by augmentation, as charts and tables take it. */
import type { TableBlock } from '../blocks.js';
import type { TrialChartInput } from '../charts/trials.js';
import type { Compared } from '../compared.js';
import { trialDots, type TrialColumn } from './trials.js';

/** Where Figure 5 has its dots: the trials of a measure of Wahba's error. */
export function wahbaTrials(measure: 'wahba' | 'wahba-colour', column: 'error' | 'relative'): TrialColumn {
  return { measure, table: 'embedding.trials', column };
}

/** The trials of some methods, for a chart. */
export function trialInput(
  compared: Compared,
  methods: readonly string[],
  trials: TrialColumn,
  yTitle: string,
): TrialChartInput {
  return {
    dots: trialDots(compared, methods, trials),
    methods,
    xTitle: 'augmentation',
    yTitle,
  };
}

/** The same numbers as a table, a trial a row. */
export function trialTable(inputs: readonly TrialChartInput[], title: string): TableBlock {
  return {
    type: 'table',
    title,
    columns: [
      { key: 'quantity', title: 'quantity', kind: 'text' },
      { key: 'method', title: 'method', kind: 'text' },
      { key: 'seed', title: 'seed', kind: 'number' },
      { key: 'trial', title: 'augmentation', kind: 'number' },
      { key: 'value', title: 'value', kind: 'number' },
      { key: 'run', title: 'run', kind: 'text' },
    ],
    rows: inputs.flatMap(({ dots, yTitle }) =>
      dots.map(({ method, trial, value, seed, run }) => ({
        quantity: yTitle,
        method,
        seed: seed ?? null,
        trial,
        value: Number(value.toPrecision(4)),
        run: run ?? '',
      })),
    ),
  };
}
