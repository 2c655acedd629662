/**
 * How an encoder answers one change of colour at a time: at fixed strengths, alike for all images, how far embeddings move
 * and how well one rotation explains it; and how well a strength, of each image its own, is read back.
 */
import { JITTER_STEPS, type JitterParameters } from '../../augment/color-jitter.js';
import type { EmbeddingPair } from '../../measure/embeddings.js';
import { gammaF, invarianceLoss } from '../../measure/gamma.js';
import { parameterReadout } from '../../measure/parameter-readout.js';
import { estimateOver } from '../../measure/statistics.js';
import { steering } from '../../measure/steering.js';
import { wahba } from '../../measure/wahba.js';
import type { Estimate } from '../../runs/record.js';
import { randomStream } from '../../tensorflow/random.js';
import type { Findings } from '../recorded-run.js';
import { EMBED_BATCH, type ImageEmbeddings } from './embedding.js';
import type { MeasureSettings } from './measure-config.js';
import { byStage, DRAWN_FOR, learntAndJudged, stageOf, stagesOf, type Stage } from './subject.js';

export const COLOUR_PARAMETERS = ['hue', 'brightness', 'saturation', 'contrast'] as const;
export type ColourParameter = (typeof COLOUR_PARAMETERS)[number];

/** Embeddings of all images, their colours jittered: of the images from `start` on, `EMBED_BATCH` of them, at a time. */
export type Recoloured = (jitterFrom: (start: number) => JitterParameters) => ImageEmbeddings;

/** What changes nothing. */
const NEUTRAL = { hue: 0, brightness: 1, saturation: 1, contrast: 1 } as const;

/** Jitter of one parameter alone, at the strength of each image. */
export function jitterOf(parameter: ColourParameter, strengths: Float32Array): JitterParameters {
  const count = strengths.length;
  const order = JITTER_STEPS.map((_, step) => step);
  const factors = () => new Float32Array(count).fill(1);
  return {
    jittered: new Uint8Array(count).fill(1),
    brightness: factors(),
    contrast: factors(),
    saturation: factors(),
    hue: new Float32Array(count),
    order: Uint8Array.from({ length: count * order.length }, (_, k) => order[k % order.length] ?? 0),
    [parameter]: strengths,
  };
}

function gridOf(parameter: ColourParameter, { colourSweep: { hue, factor } }: MeasureSettings) {
  return parameter === 'hue' ? hue : factor;
}

/** What is found of one strength. */
interface StrengthRow {
  readonly parameter: ColourParameter;
  readonly strength: number;
  /** `mean ||f(a x) - f(x)||^2`. */
  readonly moved: number;
  /** Wahba's error in SO(d), relative to the movement: 0 where one rotation explains it, or nothing moved. */
  readonly relative: number;
  /** The same on one half of the images, by the rotation of the other. */
  readonly unseen: number;
  /** gamma_f, pooled. */
  readonly gamma: number;
}

type Found = Omit<StrengthRow, 'parameter' | 'strength'>;

function foundOf(pair: EmbeddingPair, seed: number): Found {
  const { from, to } = pair;
  return {
    moved: invarianceLoss([pair]).value,
    relative: wahba(from, to, { group: 'SO' }).relative,
    unseen: steering(from, to, { group: 'SO', seed }).unseen.relative,
    gamma: gammaF([pair], { seed }).pooled.value,
  };
}

function atStrength(recoloured: Recoloured, parameter: ColourParameter, strength: number): ImageEmbeddings {
  const jitter = jitterOf(parameter, new Float32Array(EMBED_BATCH).fill(strength));
  return recoloured(() => jitter);
}

/** One row a strength of the grid, by stage. */
function strengthRows(
  recoloured: Recoloured,
  from: ImageEmbeddings,
  parameter: ColourParameter,
  settings: MeasureSettings,
): Record<Stage, readonly StrengthRow[]> {
  const rows: Record<Stage, StrengthRow[]> = { embedding: [], features: [] };
  for (const strength of gridOf(parameter, settings)) {
    const to = atStrength(recoloured, parameter, strength);
    for (const stage of stagesOf(settings)) {
      const pair = { from: stageOf(from, stage), to: stageOf(to, stage) };
      rows[stage].push({ parameter, strength, ...foundOf(pair, settings.seed) });
    }
  }
  return rows;
}

/** The strengths of the images of a batch, between the lowest and the highest of the grid. */
function drawnStrengths(parameter: ColourParameter, settings: MeasureSettings, start: number): Float32Array {
  const grid = gridOf(parameter, settings);
  const [low, high] = [Math.min(...grid), Math.max(...grid)];
  const stream = randomStream(settings.seed, DRAWN_FOR.swept, COLOUR_PARAMETERS.indexOf(parameter), start);
  return Float32Array.from({ length: EMBED_BATCH }, () => low + (high - low) * stream.uniform());
}

/** What is read of a strength: itself, or, of a hue, the cosine and sine of its angle, since -.5 and .5 are one. */
function targetsOf(parameter: ColourParameter, strength: number): readonly number[] {
  if (parameter !== 'hue') return [strength];
  const angle = 2 * Math.PI * strength;
  return [Math.cos(angle), Math.sin(angle)];
}

/** R^2 of the strength by stage, each image having one of its own. */
function readStrengths(
  recoloured: Recoloured,
  from: ImageEmbeddings,
  parameter: ColourParameter,
  settings: MeasureSettings,
): Partial<Record<Stage, Estimate>> {
  const drawn = (start: number) => drawnStrengths(parameter, settings, start);
  const to = recoloured((start) => jitterOf(parameter, drawn(start)));
  const { rows } = to.embeddings;
  const batches = Array.from({ length: Math.ceil(rows / EMBED_BATCH) }, (_, i) => drawn(i * EMBED_BATCH));
  const strengths = batches.flatMap((batch) => Array.from(batch)).slice(0, rows);
  const names = targetsOf(parameter, NEUTRAL[parameter]).map((_, k) => `${parameter} ${k}`);
  const parameters = strengths.flatMap((strength) => targetsOf(parameter, strength));
  const { train, test } = learntAndJudged(rows);
  const readAt = (stage: Stage) =>
    parameterReadout(
      { from: stageOf(from, stage), to: stageOf(to, stage), names, parameters, train, test },
      { readout: settings.parameters.readout, seeds: settings.classifierSeeds },
    ).mean;
  return Object.fromEntries(stagesOf(settings).map((stage) => [stage, readAt(stage)]));
}

/** Means over the strengths that change something. */
function summaryOf(parameter: ColourParameter, rows: readonly StrengthRow[]): Record<string, Estimate> {
  const changing = rows.filter(({ strength }) => strength !== NEUTRAL[parameter]);
  const over = (name: keyof Found) =>
    estimateOver(
      changing.map((row) => row[name]),
      'trials',
    );
  return {
    [`${parameter}Moved`]: over('moved'),
    [`${parameter}Relative`]: over('relative'),
    [`${parameter}Unseen`]: over('unseen'),
    [`${parameter}Gamma`]: over('gamma'),
  };
}

function tableOf(rows: readonly StrengthRow[]) {
  const column = <K extends keyof StrengthRow>(name: K) => rows.map((row) => row[name]);
  return {
    parameter: column('parameter'),
    strength: column('strength'),
    moved: column('moved'),
    relative: column('relative'),
    unseen: column('unseen'),
    gamma: column('gamma'),
  };
}

/**
 * The sweep over hue, brightness, saturation and contrast, one at a time.
 *
 * f(x) goes through the same ops as f(a x), at the strength that changes nothing, so that rounding is not taken for
 * movement. One strength's embeddings are held at a time.
 *
 * @returns by stage, the table `strengths`, and for each parameter `<name>Moved`, `Relative`, `Unseen` and `Gamma`, means over
 *   the strengths that change something with their standard deviation over strengths, and `<name>Read`, R^2 of the strength
 *   of unseen images (of a hue, of its cosine and sine).
 */
export function colourSweep(recoloured: Recoloured, settings: MeasureSettings): Findings {
  const from = atStrength(recoloured, 'hue', NEUTRAL.hue);
  const swept = COLOUR_PARAMETERS.map((parameter) => ({
    parameter,
    rows: strengthRows(recoloured, from, parameter, settings),
    read: readStrengths(recoloured, from, parameter, settings),
  }));
  return byStage(settings, (stage) => ({
    estimates: Object.fromEntries(
      swept.flatMap(({ parameter, rows, read }) => {
        const { [stage]: strength } = read;
        const summary = Object.entries(summaryOf(parameter, rows[stage]));
        return strength === undefined ? summary : [...summary, [`${parameter}Read`, strength] as const];
      }),
    ),
    tables: { strengths: tableOf(swept.flatMap(({ rows }) => rows[stage])) },
  }));
}
