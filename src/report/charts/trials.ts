/** One number a trial, methods beside each other: where the same trials were made of all. */
import type { VegaLiteSpec } from '../blocks.js';
import { methodScale, PAGE } from '../theme.js';
import { brief, mean } from './statistics.js';

/** A number of one run in one trial. */
export interface TrialDot {
  readonly method: string;
  /** Counted from 1. */
  readonly trial: number;
  readonly value: number;
  readonly seed?: number;
  readonly run?: string;
}

export interface TrialChartInput {
  readonly dots: readonly TrialDot[];
  readonly methods: readonly string[];
  readonly xTitle: string;
  readonly yTitle: string;
  readonly width?: number;
  readonly height?: number;
}

/** Width that a chart is arranged for on a phone, in pixels. */
const PHONE = 328;

/** Means over the runs of a method, trial by trial. */
export function trialMeans({ dots, methods }: Pick<TrialChartInput, 'dots' | 'methods'>): readonly {
  readonly method: string;
  readonly trial: number;
  readonly value: number;
}[] {
  return methods.flatMap((method) => {
    const own = dots.filter((dot) => dot.method === method);
    return [...new Set(own.map(({ trial }) => trial))].map((trial) => ({
      method,
      trial,
      value: mean(own.filter((dot) => dot.trial === trial).map(({ value }) => value)),
    }));
  });
}

/** A dot a run and trial, and a line through the means of each method. */
export function trialChart(input: TrialChartInput): VegaLiteSpec {
  const { width = 430 } = input;
  return { ...trialSpec(input, width), usermeta: { narrow: trialSpec(input, PHONE) } };
}

function trialSpec(input: TrialChartInput, width: number): VegaLiteSpec {
  const { dots, methods, xTitle, yTitle, height = 230 } = input;
  const { color, shape, strokeDash } = methodScale(methods);
  const trials = Math.max(1, ...dots.map(({ trial }) => trial));
  const x = {
    field: 'trial',
    type: 'quantitative',
    title: xTitle,
    scale: { domain: [0.5, trials + 0.5], nice: false },
    axis: { grid: false, tickCount: Math.min(trials, 10), format: 'd' },
  };
  const y = {
    field: 'value',
    type: 'quantitative',
    title: yTitle,
    scale: { zero: true, nice: true },
    axis: { grid: true, tickCount: 5 },
  };
  const byMethod = { field: 'method', type: 'nominal' };
  const legend = { title: null };
  return {
    description: describeTrials(input),
    width,
    height,
    autosize: { type: 'fit-x', contains: 'padding' },
    layer: [
      {
        data: { values: trialMeans(input) },
        mark: { type: 'line', strokeWidth: 1.5 },
        encoding: {
          x,
          y,
          color: { ...byMethod, scale: color, legend },
          strokeDash: { ...byMethod, scale: strokeDash, legend },
        },
      },
      {
        data: { values: dots },
        mark: { type: 'point', filled: true, size: 42, opacity: 0.85, stroke: PAGE, strokeWidth: 0.5 },
        encoding: {
          x,
          y,
          color: { ...byMethod, scale: color, legend },
          shape: { ...byMethod, scale: shape, legend },
          tooltip: [
            { ...byMethod, title: 'method' },
            { field: 'trial', type: 'quantitative', title: xTitle },
            { field: 'value', type: 'quantitative', title: yTitle, format: '.6~g' },
            { field: 'seed', type: 'nominal', title: 'seed' },
            { field: 'run', type: 'nominal', title: 'run' },
          ],
        },
      },
    ],
  };
}

/** The chart in words: mean and range of each method over trials. */
export function describeTrials(input: TrialChartInput): string {
  const parts = input.methods.map((method) => {
    const values = trialMeans({ dots: input.dots, methods: [method] }).map(({ value }) => value);
    if (values.length === 0) return `${method} not run`;
    return `${method} ${brief(mean(values))}, from ${brief(Math.min(...values))} to ${brief(Math.max(...values))} over ${values.length} trials`;
  });
  return `${input.yTitle}, mean over runs: ${parts.join('; ')}.`;
}
