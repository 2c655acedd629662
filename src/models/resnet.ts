/**
 * Residual networks (He et al., "Deep residual learning for image recognition", CVPR 2016) as torchvision builds them:
 * the encoders of the image experiments (section 5 of the paper). Variables are named as in torchvision's state dict.
 */
import { batchNorm2d } from '../nn/batch-norm.js';
import { conv2d } from '../nn/conv2d.js';
import type { Module } from '../nn/module.js';
import { globalAveragePool, maxPool2d } from '../nn/pool.js';
import { relu as rectifier } from '../nn/relu.js';
import { sequential } from '../nn/sequential.js';
import { relu } from '../tensorflow/kernels/relu.js';
import * as tf from '../tensorflow/tf.js';

/** Images `[batch, height, width, 3]` to features `[batch, dim]`. */
export interface FeatureModule extends Module<tf.Tensor4D, tf.Tensor2D> {
  /** Length of a feature vector. */
  readonly dim: number;
}

/** How images enter. `cifar`: a 3 x 3 convolution. `imagenet`: 7 x 7 with stride 2, then a maximum with stride 2. */
export type Stem = 'cifar' | 'imagenet';

export interface ResNetOptions {
  readonly depth: 18 | 34 | 50;
  readonly stem: Stem;
}

export interface SmallResNetOptions {
  /** `cifar` where left out. */
  readonly stem?: Stem;
  /** Channels of the first of three stages; they double at each. 16 where left out. */
  readonly width?: number;
  /** Blocks of a stage; 1 (ResNet-8) where left out, 2 is ResNet-14. */
  readonly blocks?: number;
}

type Images = Module<tf.Tensor4D, tf.Tensor4D>;

/** A block's shape; `width` is that of its 3 x 3 convolutions. */
interface BlockShape {
  readonly inputs: number;
  readonly width: number;
  readonly stride: number;
}

interface BlockKind {
  /** Output channels for each of `width`. */
  readonly expansion: number;
  readonly branch: (name: string, shape: BlockShape) => Images;
}

/** Two 3 x 3 convolutions. */
const BASIC: BlockKind = {
  expansion: 1,
  branch: (name, { inputs, width, stride }) =>
    sequential([
      conv2d(`${name}.conv1`, { inputs, outputs: width, size: 3, stride, padding: 1 }),
      batchNorm2d(`${name}.bn1`, width),
      rectifier(),
      conv2d(`${name}.conv2`, { inputs: width, outputs: width, size: 3, padding: 1 }),
      batchNorm2d(`${name}.bn2`, width),
    ]),
};

/** 1 x 1, 3 x 3 and 1 x 1 convolutions; the stride is in the 3 x 3 one ("v1.5"), as in torchvision. */
const BOTTLENECK: BlockKind = {
  expansion: 4,
  branch: (name, { inputs, width, stride }) =>
    sequential([
      conv2d(`${name}.conv1`, { inputs, outputs: width, size: 1 }),
      batchNorm2d(`${name}.bn1`, width),
      rectifier(),
      conv2d(`${name}.conv2`, { inputs: width, outputs: width, size: 3, stride, padding: 1 }),
      batchNorm2d(`${name}.bn2`, width),
      rectifier(),
      conv2d(`${name}.conv3`, { inputs: width, outputs: 4 * width, size: 1 }),
      batchNorm2d(`${name}.bn3`, 4 * width),
    ]),
};

/** `relu(branch(x) + shortcut(x))`; the shortcut is a 1 x 1 convolution where the shapes differ, else x. */
function residualBlock(name: string, kind: BlockKind, shape: BlockShape): Images {
  const { inputs, width, stride } = shape;
  const outputs = kind.expansion * width;
  const branch = kind.branch(name, shape);
  const shortcut =
    stride === 1 && inputs === outputs
      ? null
      : sequential([
          conv2d(`${name}.downsample.0`, { inputs, outputs, size: 1, stride }),
          batchNorm2d(`${name}.downsample.1`, outputs),
        ]);
  return {
    variables: [...branch.variables, ...(shortcut?.variables ?? [])],
    apply: (scope, x) => relu(tf.add(branch.apply(scope, x), shortcut?.apply(scope, x) ?? x)),
  };
}

function stemModules(stem: Stem, width: number): readonly Images[] {
  const wide = stem === 'imagenet';
  const convolution = wide ? { size: 7, stride: 2, padding: 3 } : { size: 3, stride: 1, padding: 1 };
  return [
    conv2d('conv1', { inputs: 3, outputs: width, ...convolution, inputGradient: false }),
    batchNorm2d('bn1', width),
    rectifier(),
    ...(wide ? [maxPool2d({ size: 3, stride: 2, padding: 1 })] : []),
  ];
}

interface Architecture {
  readonly stem: Stem;
  readonly kind: BlockKind;
  /** Width of the first stage; it doubles, and the image halves, at each further one. */
  readonly width: number;
  /** Blocks of each stage. */
  readonly stages: readonly number[];
}

function residualNetwork({ stem, kind, width, stages }: Architecture): FeatureModule {
  let inputs = width;
  const blocks = stages.flatMap((count, stage) =>
    Array.from({ length: count }, (_, block) => {
      const shape = {
        inputs,
        width: width * 2 ** stage,
        stride: stage > 0 && block === 0 ? 2 : 1,
      };
      inputs = kind.expansion * shape.width;
      return residualBlock(`layer${stage + 1}.${block}`, kind, shape);
    }),
  );
  const body = sequential([...stemModules(stem, width), ...blocks]);
  const pool = globalAveragePool();
  return {
    dim: inputs,
    variables: body.variables,
    apply(scope, images) {
      if (images.shape[3] !== 3) {
        throw new Error(
          `ResNet: images have ${images.shape[3]} channels; the model takes 3 (RGB, channels last).`,
        );
      }
      return pool.apply(scope, body.apply(scope, images));
    },
  };
}

const DEPTHS: Readonly<
  Record<ResNetOptions['depth'], { readonly kind: BlockKind; readonly stages: readonly number[] }>
> = {
  18: { kind: BASIC, stages: [2, 2, 2, 2] },
  34: { kind: BASIC, stages: [3, 4, 6, 3] },
  50: { kind: BOTTLENECK, stages: [3, 4, 6, 3] },
};

/**
 * ResNet-18, -34 or -50 without its classifier: images `[batch, height, width, 3]` to features `[batch, 512]`, or 2048
 * for ResNet-50. With the CIFAR stem it is the paper's encoder for images of 32 x 32.
 */
export function resNet({ depth, stem }: ResNetOptions): FeatureModule {
  return residualNetwork({ stem, width: 64, ...DEPTHS[depth] });
}

/**
 * A small residual network for machines without a GPU: a stem and three stages of 16, 32 and 64 channels, built
 * and named like {@link resNet}; features `[batch, 64]`.
 */
export function smallResNet(options: SmallResNetOptions = {}): FeatureModule {
  const { stem = 'cifar', width = 16, blocks = 1 } = options;
  return residualNetwork({ stem, kind: BASIC, width, stages: [blocks, blocks, blocks] });
}
