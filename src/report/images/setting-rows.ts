/** Rows of the table of settings that all reports of pretraining on images share. */
import type { ImageRun } from '../../experiments/images/study.js';
import type { RunRecord } from '../../runs/record.js';
import type { SettingsBlock } from '../blocks.js';
import { NOT_GIVEN, settingRow } from '../setting-row.js';

type Row = SettingsBlock['rows'][number];

const ARCHITECTURE_NAMES = {
  small: 'small residual network',
  resnet18: 'ResNet-18',
  resnet34: 'ResNet-34',
  resnet50: 'ResNet-50',
} as const;

/** What the paper says of a report's setting. */
export interface PaperSetting {
  readonly data: string;
  readonly encoder: string;
  readonly lambda: string;
  readonly epochs: string;
  /** Chunks of L_equi; not given if absent. */
  readonly chunks?: string;
}

/** Augmentations of training in words: the least share of the area that a crop keeps, strengths, and probabilities. */
export function augmentationText(augmentation: ImageRun['config']['augmentation']): string {
  const { cropScale, flip, jitter, brightness, contrast, saturation, hue, grayscale, blur } = augmentation;
  return (
    `crop of ${cropScale.join(' to ')} of the area, flip ${flip}, jitter ${jitter} (brightness ${brightness}, contrast ${contrast}, ` +
    `saturation ${saturation}, hue ${hue}), grayscale ${grayscale}, blur ${blur}`
  );
}

function encoderText({ architecture, width, blocks, stem }: ImageRun['config']['model']): string {
  const name = ARCHITECTURE_NAMES[architecture];
  if (architecture === 'small') return `${name}, ${width} channels, ${blocks} block a stage`;
  return `${name}, ${stem === 'cifar' ? 'CIFAR' : 'ImageNet'} stem`;
}

/** Data, network and training of the report's runs of CARE. */
export function trainingRows(
  { config }: ImageRun,
  records: readonly RunRecord[],
  paper: PaperSetting,
  lambdas: readonly number[],
): readonly Row[] {
  const { model, training, data } = config;
  const found = records[0]?.data;
  const size = data.size === null ? '' : ` at ${data.size} pixels`;
  const optimizer = training.optimizer === 'adam' ? 'Adam' : 'SGD';
  return [
    settingRow(
      'data',
      paper.data,
      found === undefined ? 'not run' : `${found.name}, ${found.items} images${size}`,
      'the paper does not give its splits',
    ),
    settingRow('encoder', paper.encoder, encoderText(model)),
    settingRow('head', paper.encoder === NOT_GIVEN ? NOT_GIVEN : 'MLP to 128', `MLP to ${model.dim}`),
    settingRow('epochs, batch', paper.epochs, `${training.epochs}, ${training.batch}`),
    settingRow(
      'optimiser',
      paper.epochs === NOT_GIVEN ? NOT_GIVEN : 'Adam 0.001, weight decay 0.000001',
      `${optimizer} ${training.learningRate}, weight decay ${training.weightDecay}`,
    ),
    settingRow('temperature', paper.epochs === NOT_GIVEN ? NOT_GIVEN : '0.5', String(training.temperature)),
    settingRow(
      'lambda',
      paper.lambda,
      String(training.lambda),
      `tried besides: ${lambdas.length === 0 ? 'none' : lambdas.join(', ')}`,
    ),
    settingRow(
      'scale of L_equi',
      'mean over pairs',
      training.reduction === 'mean'
        ? 'mean over pairs'
        : 'sum over an image\u2019s partners, as the official code',
      'on the mean, the paper\u2019s lambda would hardly be felt',
    ),
    settingRow(
      'chunks of L_equi',
      paper.chunks ?? NOT_GIVEN,
      String(training.chunks),
      `${training.batch / training.chunks} images in each`,
    ),
  ];
}

/** Values of lambda that a plan varies. */
export function variedLambdas(runs: readonly Pick<ImageRun, 'variation'>[]): readonly number[] {
  const values = runs.flatMap(({ variation }) =>
    variation?.setting === 'training.lambda' ? [Number(variation.value)] : [],
  );
  return [...new Set(values)];
}
