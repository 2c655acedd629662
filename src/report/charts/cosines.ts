/** Distributions of a cosine, one a trial: thin lines for trials, bars for all of them together. */
import type { VegaLiteSpec } from '../blocks.js';
import { INK, methodStyle, MUTED } from '../theme.js';
import { brief, drawn, mean } from './statistics.js';

/** Counts of one trial in equal bins from -1 to 1. */
export interface CosineHistogram {
  readonly trial: number;
  readonly counts: readonly number[];
}

export interface CosineChartInput {
  readonly method: string;
  readonly run?: string;
  readonly histograms: readonly CosineHistogram[];
  readonly xTitle: string;
  /** Upper end of the upright axis in per cent, for panels that share one; that of these histograms if absent. */
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
}

interface Share {
  readonly trial: number;
  readonly from: number;
  readonly to: number;
  readonly middle: number;
  readonly share: number;
}

/** Width that a chart is arranged for on a phone, in pixels. */
const PHONE = 328;

/** Shares in per cent of each trial's items. */
export function cosineShares(histograms: readonly CosineHistogram[]): readonly Share[] {
  return histograms.flatMap(({ trial, counts }) => {
    const all = counts.reduce((sum, count) => sum + count, 0);
    const width = 2 / counts.length;
    return counts.map((count, bin) => ({
      trial,
      from: drawn(-1 + bin * width),
      to: drawn(-1 + (bin + 1) * width),
      middle: drawn(-1 + (bin + 0.5) * width),
      share: drawn((100 * count) / Math.max(1, all)),
    }));
  });
}

/** Shares over all trials. */
function pooled(shares: readonly Share[]): readonly Omit<Share, 'trial'>[] {
  return [...new Set(shares.map(({ middle }) => middle))].map((middle) => {
    const own = shares.filter((share) => share.middle === middle);
    const [first] = own;
    return {
      from: first?.from ?? 0,
      to: first?.to ?? 0,
      middle,
      share: drawn(mean(own.map(({ share }) => share))),
    };
  });
}

export function cosineChart(input: CosineChartInput): VegaLiteSpec {
  const { width = 430 } = input;
  return { ...cosineSpec(input, width), usermeta: { narrow: cosineSpec(input, PHONE) } };
}

function cosineSpec(input: CosineChartInput, width: number): VegaLiteSpec {
  const { method, run, histograms, xTitle, height = 220 } = input;
  const shares = cosineShares(histograms);
  const top = input.top ?? Math.max(1, ...shares.map(({ share }) => share));
  const { colour } = methodStyle(method);
  const x = { type: 'quantitative', scale: { domain: [-1, 1], nice: false }, title: xTitle };
  const y = {
    field: 'share',
    type: 'quantitative',
    title: 'share of images (%)',
    scale: { domain: [0, top], nice: true },
    axis: { tickCount: 4 },
  };
  return {
    description: describeCosines(input),
    width,
    height,
    autosize: { type: 'fit-x', contains: 'padding' },
    layer: [
      {
        data: { values: pooled(shares) },
        mark: { type: 'bar', color: colour, opacity: 0.35, binSpacing: 0.5 },
        encoding: {
          x: { ...x, field: 'from', bin: { binned: true }, axis: { grid: false, tickCount: 5 } },
          x2: { field: 'to' },
          y,
          tooltip: [
            { field: 'from', type: 'quantitative', title: 'from', format: '.4~g' },
            { field: 'to', type: 'quantitative', title: 'to', format: '.4~g' },
            { field: 'share', type: 'quantitative', title: 'share (%)', format: '.4~g' },
          ],
        },
      },
      {
        data: { values: shares.map((share) => ({ ...share, run })) },
        mark: { type: 'line', color: colour, strokeWidth: 1, opacity: 0.75, interpolate: 'linear' },
        encoding: { x: { ...x, field: 'middle' }, y, detail: { field: 'trial' } },
      },
      {
        data: { values: [{ at: -0.5 }] },
        mark: { type: 'rule', color: MUTED, strokeWidth: 1, strokeDash: [4, 3] },
        encoding: { x: { ...x, field: 'at' } },
      },
      {
        data: { values: [{ at: -0.5, text: 'opposed' }] },
        mark: { type: 'text', color: INK, align: 'right', dx: -4, y: 2, baseline: 'top' },
        encoding: { x: { ...x, field: 'at' }, text: { field: 'text' } },
      },
    ],
  };
}

/** The chart in words: mean cosine and share below -1/2 of all trials together. */
export function describeCosines({ method, histograms, xTitle }: CosineChartInput): string {
  if (histograms.length === 0) return `${method}: not run.`;
  const all = pooled(cosineShares(histograms));
  const centre = all.reduce((sum, { middle, share }) => sum + (middle * share) / 100, 0);
  const opposed = all.filter(({ to }) => to <= -0.5 + 1e-9).reduce((sum, { share }) => sum + share, 0);
  return `${method}: ${xTitle} over ${histograms.length} augmentations has mean ${brief(centre, 2)}; ${brief(opposed, 2)} % of the images lie in [\u22121, \u22120.5].`;
}
