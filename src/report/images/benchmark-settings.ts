/** Settings of the runs of Table 1 beside the paper's, which are those of its profile. */
import { planBenchmarkTables } from '../../experiments/images/benchmark-tables.js';
import type { ImageConfig } from '../../experiments/images/config.js';
import type { MeasureSettings } from '../../experiments/images/measure-config.js';
import { RECIPES, type Recipe } from '../../experiments/images/presets.js';
import type { ImageResults, ImageRun } from '../../experiments/images/study.js';
import { PROBE_PRESETS } from '../../measure/linear-probe.js';
import type { SettingsBlock } from '../blocks.js';
import { recordsOf } from '../compared.js';
import { PAPER_DATA } from '../paper-numbers.js';
import { NOT_GIVEN, settingRow as row } from '../setting-row.js';
import { reductionOf } from './benchmark-quantities.js';
import { outcomesOf } from './common.js';

function encoder({ model, data }: ImageConfig): string {
  const network =
    model.architecture === 'small'
      ? `small residual network, ${model.width} to ${4 * model.width} channels`
      : model.architecture.replace('resnet', 'ResNet-');
  const size = data.size === null ? '' : `, images at ${data.size} x ${data.size}`;
  return `${network}, ${model.stem === 'cifar' ? 'CIFAR' : 'ImageNet'} stem, head to ${model.dim}${size}`;
}

function optimiser({ training }: ImageConfig): string {
  const { optimizer, learningRate, weightDecay, schedule, warmup, warmupUnit } = training;
  const name = optimizer === 'adam' ? 'Adam' : 'SGD';
  const start = warmup === 0 ? '' : `, ${warmup} ${warmupUnit} warm-up`;
  return `${name} ${learningRate}, ${schedule}${start}, weight decay ${weightDecay}`;
}

function probeText({ probe, classifierSeeds }: MeasureSettings): string {
  const preset = PROBE_PRESETS[probe.optimizer];
  const name = probe.optimizer === 'adam' ? 'Adam' : 'SGD';
  return (
    `${name} ${probe.learningRate ?? preset.learningRate}, ${probe.epochs ?? preset.epochs} epochs of batch ` +
    `${probe.batch ?? preset.batch}, ${classifierSeeds.length} classifiers`
  );
}

/** How often lambda the mean of L_equi is weighed: with chunks of c images, the official code's sum is 2 (c - 1) means. */
function timesLambda({ chunks, batch, reduction }: ImageConfig['training']): number {
  return reduction === 'mean' ? 1 : 2 * (batch / chunks - 1);
}

/** The weight on the mean of L_equi, as factors: lambda alone means nothing without the images of a chunk. */
function weightText({ config: { training } }: ImageRun): string {
  const times = timesLambda(training);
  return times === 1 ? String(training.lambda) : `${times} x ${training.lambda}`;
}

/** What the rows say of a run. */
const SETTINGS: readonly {
  readonly setting: string;
  readonly of: (run: ImageRun) => string;
  readonly why?: (results: ImageResults, data: Recipe) => string;
}[] = [
  { setting: 'encoder', of: ({ config }) => encoder(config), why: () => 'what two cores can train' },
  { setting: 'epochs x batch', of: ({ config }) => `${config.training.epochs} x ${config.training.batch}` },
  { setting: 'optimiser', of: ({ config }) => optimiser(config) },
  { setting: 'temperature', of: ({ config }) => String(config.training.temperature) },
  { setting: 'lambda', of: ({ config }) => String(config.training.lambda) },
  {
    setting: 'chunks of the batch (n_split)',
    of: ({ config: { training } }) => `${training.chunks} of ${training.batch / training.chunks} images`,
  },
  {
    setting: 'weight on the mean of L_equi, with the official code\u2019s sum',
    of: weightText,
    why: weightReason,
  },
  { setting: 'linear probe', of: ({ settings }) => probeText(settings) },
];

/** The run of CARE on a set of images with the first seed. */
function careOn(runs: readonly ImageRun[], data: Recipe): ImageRun | undefined {
  return runs.find(({ part, method }) => part === data && method === 'care');
}

/** The paper's runs of CARE, made once: planning takes a moment. */
const paperRuns: { found?: readonly ImageRun[] } = {};

/** The run of CARE in the paper's profile, on a set of images. */
function paperRun(data: Recipe): ImageRun | undefined {
  paperRuns.found ??= planBenchmarkTables({ profile: 'paper', preset: 'paper' }).runs.filter(
    ({ method }) => method === 'care',
  );
  return careOn(paperRuns.found, data);
}

/** Whether L_equi weighs less or more on a set of images than with the paper's lambda, batch and chunks. */
export interface WeightDifference {
  readonly is: 'weaker' | 'stronger';
  readonly ours: ImageConfig['training'];
  readonly paper: ImageConfig['training'];
}

/** How the weight of L_equi differs from the paper's, its lambda taken as the official code's; undefined where it does not. */
export function weightDifference({ plan }: ImageResults, data: Recipe): WeightDifference | undefined {
  const [ours, paper] = [careOn(plan.runs, data)?.config.training, paperRun(data)?.config.training];
  if (ours === undefined || paper === undefined) return undefined;
  const ratio = (timesLambda(ours) * ours.lambda) / (timesLambda(paper) * paper.lambda);
  // Products of floats: two ways to the same weight differ in the last digits.
  if (Math.abs(ratio - 1) < 1e-9) return undefined;
  return { is: ratio < 1 ? 'weaker' : 'stronger', ours, paper };
}

/** Why the weight of L_equi is not the paper's, where it is not. */
function weightReason(results: ImageResults, data: Recipe): string {
  const different = weightDifference(results, data);
  const how = different === undefined ? 'as strong here' : `${different.is} here`;
  return `2 (c - 1) lambda with c images a chunk, L_equi being a sum as in the official code: ${how}`;
}

function dataRows(results: ImageResults, data: Recipe): SettingsBlock['rows'] {
  const paper = paperRun(data);
  const ours = careOn(results.plan.runs, data);
  if (paper === undefined || ours === undefined) return [];
  const found = recordsOf(outcomesOf(results, { part: data }))[0]?.data;
  // On other sets than the first, only what is not the same there is worth a line.
  const first = data === RECIPES[0];
  const rows = SETTINGS.map(({ setting, of, why }) => {
    const line = row(`${PAPER_DATA[data]}: ${setting}`, of(paper), of(ours));
    return line.differs && why !== undefined ? { ...line, why: why(results, data) } : line;
  });
  const dataRow = row(
    `${PAPER_DATA[data]}: training images`,
    NOT_GIVEN,
    found === undefined ? 'not run' : `${found.name}, ${found.items}`,
  );
  return [dataRow, ...(first ? rows : rows.filter(({ differs }) => differs))];
}

/** Length of the ablation's runs, which need not be that of the others. */
function ablationRows({ plan: { runs } }: ImageResults): SettingsBlock['rows'] {
  const run = runs.find(({ part }) => part === 'ablation');
  if (run === undefined) return [];
  const { epochs, batch } = run.config.training;
  return [row('ablation (Figures 10 to 16): epochs x batch', NOT_GIVEN, `${epochs} x ${batch}`)];
}

/** Settings, the paper's and ours. */
export function benchmarkSettings(results: ImageResults): SettingsBlock {
  const isMean = reductionOf(results, 'cifar10') === 'mean';
  const seeds = new Set(results.plan.runs.map(({ seed }) => seed)).size;
  return {
    type: 'settings',
    rows: [
      ...RECIPES.flatMap((data) => dataRows(results, data)),
      row(
        'scale of L_equi',
        'mean over pairs',
        isMean ? 'mean over pairs' : 'sum over the images of a chunk',
        ...(isMean
          ? []
          : ['as in the official code: on the mean, the paper\u2019s lambda would hardly be felt']),
      ),
      row(
        'splits, validation set',
        NOT_GIVEN,
        'those of the data sets; no validation set, nothing was chosen by it',
      ),
      ...ablationRows(results),
      row('pretraining seeds', '1', seeds === 1 ? '1' : `up to ${seeds}`, 'so that methods can be compared'),
    ],
  };
}
