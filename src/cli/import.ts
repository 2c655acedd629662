/** `care import`: a PyTorch state dict in a safetensors file as weights of this package. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import {
  ARCHITECTURES,
  encoderOf,
  STEMS,
  type Architecture,
  type SmallSizes,
} from '../models/architectures.js';
import { imageEncoder } from '../models/image-encoder.js';
import { projectionHead } from '../models/projection-head.js';
import type { FeatureModule, Stem } from '../models/resnet.js';
import type { Module } from '../nn/module.js';
import { prefixed } from '../nn/prefixed.js';
import { fromStateDict, isBatchCounter } from '../nn/state-dict.js';
import { UserError } from '../runs/user-error.js';
import type { TensorDataMap } from '../tensorflow/tensor-data.js';
import { saveWeights } from '../train/checkpoint.js';
import { decodeSafetensors } from '../train/safetensors.js';

interface ImportOptions {
  readonly model: Architecture;
  readonly stem: Stem;
  readonly out: string;
}

function readStateDict(file: string): TensorDataMap {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `Cannot read ${file}: ${reason}`,
      'Give a safetensors file, such as safetensors.torch.save_file(model.state_dict(), FILE) writes.',
      { cause: error },
    );
  }
  return decodeSafetensors(bytes, file, isBatchCounter).tensors;
}

/** As this package names it: a plain torchvision model is the part `encoder`. */
function asImageEncoder(stateDict: TensorDataMap): TensorDataMap {
  const isWhole = Object.keys(stateDict).some((name) => name.startsWith('encoder.'));
  if (isWhole) return stateDict;
  return Object.fromEntries(Object.entries(stateDict).map(([name, data]) => [`encoder.${name}`, data]));
}

/** Width and blocks of a small network, as the state dict has them. */
function smallSizes(stateDict: TensorDataMap): SmallSizes {
  const width = stateDict['encoder.conv1.weight']?.shape[0];
  const blocks = new Set(
    Object.keys(stateDict).flatMap((name) => /^encoder\.layer1\.(\d+)\./.exec(name)?.[1] ?? []),
  ).size;
  return { ...(width === undefined ? {} : { width }), ...(blocks === 0 ? {} : { blocks }) };
}

/** The encoder, with a head of the sizes that the state dict has, where it has one. */
function moduleFor(encoder: FeatureModule, stateDict: TensorDataMap): Module<never> {
  const hidden = stateDict['head.0.weight']?.shape[0];
  const outputs = stateDict['head.3.weight']?.shape[0];
  if (hidden === undefined || outputs === undefined) return prefixed('encoder', encoder);
  return imageEncoder({ encoder, head: projectionHead({ inputs: encoder.dim, hidden, outputs }) });
}

/** Adds `care import`. */
export function registerImport(program: Command): void {
  program
    .command('import')
    .description('make weights of this package out of a PyTorch state dict (safetensors)')
    .argument('<file>', "the state dict of a torchvision ResNet, or of this package's encoder and head")
    .addOption(new Option('--model <name>', 'the architecture').choices(ARCHITECTURES).makeOptionMandatory())
    .addOption(new Option('--stem <name>', 'how images enter it').choices(STEMS).default('cifar'))
    .requiredOption('--out <file>', 'the weights file to write')
    .action((file: string, { model, stem, out }: ImportOptions) => {
      const stateDict = asImageEncoder(readStateDict(file));
      const { weights, left } = fromStateDict(
        moduleFor(encoderOf(model, stem, smallSizes(stateDict)), stateDict),
        stateDict,
      );
      saveWeights(resolve(out), weights);
      const note = left.length === 0 ? '' : ` (left out: ${left.join(', ')})`;
      console.log(`${Object.keys(weights).length} tensors of ${model}: ${out}${note}`);
    });
}
