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

/** What the rows say of a run. */
const SETTINGS: readonly {
  readonly setting: string;
  readonly of: (run: ImageRun) => string;
  readonly why?: string;
}[] = [
  { setting: 'encoder', of: ({ config }) => encoder(config), why: 'what two cores can train' },
  { setting: 'epochs x batch', of: ({ config }) => `${config.training.epochs} x ${config.training.batch}` },
  { setting: 'optimiser', of: ({ config }) => optimiser(config) },
  { setting: 'temperature', of: ({ config }) => String(config.training.temperature) },
  { setting: 'lambda', of: ({ config }) => String(config.training.lambda) },
  {
    setting: 'chunks of the batch (n_split)',
    of: ({ config: { training } }) => `${training.chunks} of ${training.batch / training.chunks} images`,
  },
  { setting: 'linear probe', of: ({ settings }) => probeText(settings) },
];

/** The run of CARE on a set of images with the first seed. */
function careOn(runs: readonly ImageRun[], data: Recipe): ImageRun | undefined {
  return runs.find(({ part, method }) => part === data && method === 'care');
}

function dataRows(results: ImageResults, data: Recipe): SettingsBlock['rows'] {
  const paper = careOn(planBenchmarkTables({ profile: 'paper', preset: 'paper' }).runs, data);
  const ours = careOn(results.plan.runs, data);
  if (paper === undefined || ours === undefined) return [];
  const found = recordsOf(outcomesOf(results, { part: data }))[0]?.data;
  // On other sets than the first, only what is not the same there is worth a line.
  const first = data === RECIPES[0];
  const rows = SETTINGS.map(({ setting, of, why }) => {
    const line = row(`${PAPER_DATA[data]}: ${setting}`, of(paper), of(ours));
    return line.differs && why !== undefined ? { ...line, why } : line;
  });
  const dataRow = row(
    `${PAPER_DATA[data]}: training images`,
    NOT_GIVEN,
    found === undefined ? 'not run' : `${found.name}, ${found.items}`,
  );
  return [dataRow, ...(first ? rows : rows.filter(({ differs }) => differs))];
}

/** Settings, the paper's and ours. */
export function benchmarkSettings(results: ImageResults): SettingsBlock {
  const care = careOn(results.plan.runs, 'cifar10');
  const seeds = new Set(results.plan.runs.map(({ seed }) => seed)).size;
  return {
    type: 'settings',
    rows: [
      ...RECIPES.flatMap((data) => dataRows(results, data)),
      row(
        'scale of L_equi',
        'mean over pairs',
        care?.config.training.reduction === 'mean' ? 'mean over pairs' : 'sum over the images of a chunk',
        'as in the official code: on the mean, the paper\u2019s lambda would hardly be felt',
      ),
      row(
        'splits, validation set',
        NOT_GIVEN,
        'those of the data sets; no validation set, nothing was chosen by it',
      ),
      row('pretraining seeds', '1', seeds === 1 ? '1' : `up to ${seeds}`, 'so that methods can be compared'),
    ],
  };
}
