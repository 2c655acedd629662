/** `care export`: trained weights as a PyTorch state dict in a safetensors file. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { toStateDict } from '../nn/state-dict.js';
import { openStore } from '../runs/store.js';
import { UserError } from '../runs/user-error.js';
import type { TensorDataMap } from '../tensorflow/tensor-data.js';
import { writeFileAtomically } from '../train/atomic-file.js';
import { decodeSafetensors, encodeSafetensors } from '../train/safetensors.js';

interface ExportOptions {
  readonly out: string;
  readonly part?: string;
  readonly runs: string;
}

/** By this, files of PyTorch's layout are told from this package's own. */
export const PYTORCH_METADATA = { format: 'pt' } as const;

function weightsOf(given: string, runs: string): TensorDataMap {
  if (!existsSync(given)) return openStore(runs).weights(given);
  const { tensors, metadata } = decodeSafetensors(readFileSync(given), given);
  if (metadata.format === PYTORCH_METADATA.format) {
    throw new UserError(
      `${given} has the layout of a PyTorch state dict already.`,
      'Export a run, or a weights.safetensors that this package has written.',
    );
  }
  return tensors;
}

/** The weights named `<part>.*`, by their names within the part. */
function partOf(weights: TensorDataMap, part: string): TensorDataMap {
  const prefix = `${part}.`;
  const chosen = Object.entries(weights).filter(([name]) => name.startsWith(prefix));
  if (chosen.length === 0) {
    const parts = new Set(Object.keys(weights).map((name) => name.slice(0, Math.max(0, name.indexOf('.')))));
    throw new UserError(
      `There is no part "${part}" in these weights.`,
      `Their parts are ${[...parts].join(', ')}; without --part all are exported.`,
    );
  }
  return Object.fromEntries(chosen.map(([name, data]) => [name.slice(prefix.length), data]));
}

/** Adds `care export`. */
export function registerExport(program: Command): void {
  program
    .command('export')
    .description("write a run's weights as a PyTorch state dict (safetensors)")
    .argument('<run or file>', 'a run (enough of its id), or a weights.safetensors of this package')
    .requiredOption('--out <file>', 'the safetensors file to write')
    .option('--part <name>', 'only this part, e.g. encoder, under the names that torchvision gives it')
    .option('--runs <folder>', 'folder with the runs', process.env.CARE_RUNS_DIR ?? 'runs')
    .addHelpText(
      'after',
      '\nIn Python: model.load_state_dict(safetensors.torch.load_file(FILE)), with model.fc = torch.nn.Identity()',
    )
    .action((given: string, { out, part, runs }: ExportOptions) => {
      const weights = weightsOf(given, runs);
      const stateDict = toStateDict(part === undefined ? weights : partOf(weights, part));
      const file = resolve(out);
      writeFileAtomically(file, encodeSafetensors(stateDict, PYTORCH_METADATA), 'the state dict');
      console.log(`${Object.keys(stateDict).length} tensors in PyTorch's layout: ${out}`);
    });
}
