/** Distributions, one panel a method on shared scales. */
import type { Panel, VegaLiteSpec } from '../blocks.js';
import { INK, methodStyle, MUTED } from '../theme.js';
import { brief, drawn, extent, mean } from './statistics.js';
import type { ReferenceLevel } from './dots.js';

export interface HistogramInput {
  readonly samples: readonly {
    readonly method: string;
    readonly values: readonly number[];
    readonly run?: string;
  }[];
  readonly xTitle: string;
  /** Number of bins over the shared domain. */
  readonly bins?: number;
  /** Ends of the axis; the extent of all samples if absent. */
  readonly domain?: readonly [number, number];
  readonly reference?: ReferenceLevel;
  readonly width?: number;
  readonly height?: number;
}

/** One bin: its ends and the share of the sample that falls into it. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly share: number;
  readonly count: number;
}

/** Counts in equal bins over `domain`; the last bin holds its right end, values outside are left out. */
export function binned(values: readonly number[], domain: readonly [number, number], bins: number): Bin[] {
  const [low, high] = domain;
  const width = (high - low || 1) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    if (!(value >= low && value <= high)) continue;
    const index = Math.min(bins - 1, Math.floor((value - low) / width));
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return countedBins(counts, [low, low + bins * width], values.length);
}

/** Bins of counts, their shares those of `total` values. */
function countedBins(
  counts: readonly number[],
  [low, high]: readonly [number, number],
  total: number,
): Bin[] {
  const width = (high - low) / counts.length;
  return counts.map((count, index) => ({
    from: drawn(low + index * width),
    to: drawn(low + (index + 1) * width),
    share: drawn((100 * count) / Math.max(1, total)),
    count,
  }));
}

/** Histograms in per cent of the sample, on one scale, with the mean as a line. */
export function histogramPanels(input: HistogramInput): Panel[] {
  const { bins = 40, samples } = input;
  const domain = input.domain ?? extent(samples.flatMap((sample) => [...extent(sample.values)]));
  const all = samples.map((sample) => ({ ...sample, bins: binned(sample.values, domain, bins) }));
  const top = Math.max(1, ...all.flatMap((sample) => sample.bins.map((bin) => bin.share)));
  return all.map((sample) => {
    const drawnSample = { ...sample, mean: mean(sample.values), count: sample.values.length };
    return { title: sample.method, spec: histogramSpec(drawnSample, input, domain, top) };
  });
}

/** A sample of which its bins alone are known. */
export interface CountedSample {
  readonly method: string;
  /** Counts in equal bins over the whole domain. */
  readonly counts: readonly number[];
  readonly mean: number;
  /** The runs that it is of. */
  readonly run?: string;
}

export interface CountedInput extends Pick<HistogramInput, 'xTitle' | 'reference' | 'width' | 'height'> {
  readonly samples: readonly CountedSample[];
  readonly domain: readonly [number, number];
}

/** The same of counts: histograms in per cent, on one scale, with the mean as a line. */
export function countedPanels(input: CountedInput): Panel[] {
  const { samples, domain } = input;
  const all = samples.map((sample) => {
    const count = sample.counts.reduce((sum, one) => sum + one, 0);
    return { ...sample, count, bins: countedBins(sample.counts, domain, count) };
  });
  const top = Math.max(1, ...all.flatMap(({ bins }) => bins.map(({ share }) => share)));
  return all.map((sample) => ({ title: sample.method, spec: histogramSpec(sample, input, domain, top) }));
}

/** A sample with what a panel shows of it. */
interface DrawnSample {
  readonly method: string;
  readonly mean: number;
  /** Values in the sample. */
  readonly count: number;
  readonly run?: string;
  readonly bins: readonly Bin[];
}

function histogramSpec(
  sample: DrawnSample,
  input: Pick<HistogramInput, 'xTitle' | 'reference' | 'width' | 'height'>,
  domain: readonly [number, number],
  top: number,
): VegaLiteSpec {
  const x = { type: 'quantitative', scale: { domain, nice: false }, axis: { grid: false, tickCount: 5 } };
  const centre = sample.mean;
  const lines = [
    { at: centre, label: 'mean', colour: INK },
    ...(input.reference ? [{ at: input.reference.value, label: input.reference.label, colour: MUTED }] : []),
  ];
  return {
    description: `${sample.method}: mean ${input.xTitle} ${brief(centre)} over ${sample.count} values.`,
    width: input.width ?? 300,
    height: input.height ?? 150,
    autosize: { type: 'fit-x', contains: 'padding' },
    layer: [
      {
        data: { values: sample.bins.map((bin) => ({ ...bin, run: sample.run })) },
        mark: { type: 'bar', color: methodStyle(sample.method).colour, binSpacing: 0.5 },
        encoding: {
          x: { ...x, field: 'from', title: input.xTitle, bin: { binned: true } },
          x2: { field: 'to' },
          y: {
            field: 'share',
            type: 'quantitative',
            title: 'share of values (%)',
            scale: { domain: [0, top * 1.12], nice: false },
            axis: { tickCount: 4 },
          },
          tooltip: [
            { field: 'from', type: 'quantitative', title: 'from', format: '.4~g' },
            { field: 'to', type: 'quantitative', title: 'to', format: '.4~g' },
            { field: 'share', type: 'quantitative', title: 'share (%)', format: '.4~g' },
            { field: 'count', type: 'quantitative', title: 'count' },
            { field: 'run', type: 'nominal', title: 'run' },
          ],
        },
      },
      ...lines.flatMap((line) => [
        {
          data: { values: [line] },
          mark: { type: 'rule', color: line.colour, strokeWidth: 1, strokeDash: [4, 3] },
          encoding: { x: { ...x, field: 'at' } },
        },
        {
          data: { values: [line] },
          mark: {
            type: 'text',
            color: line.colour,
            align: line.at > (domain[0] + domain[1]) / 2 ? 'right' : 'left',
            dx: line.at > (domain[0] + domain[1]) / 2 ? -4 : 4,
            y: 2,
            baseline: 'top',
          },
          encoding: { x: { ...x, field: 'at' }, text: { field: 'label' } },
        },
      ]),
    ],
  };
}
