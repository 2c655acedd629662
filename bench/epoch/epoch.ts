/** Our side of the epoch benchmark: `node epoch.js DATA_DIR chained|fast`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countParameters, openStore, startEngine, type Execution } from 'care';
import { pretrain } from 'care/internal/experiments/images/pretrain';
import { imageModel } from 'care/internal/experiments/images/model';
import { imageConfig } from 'care/internal/experiments/images/settings';
import { answerLines } from '../answer.js';

const [dataDir = '', execution = 'chained'] = process.argv.slice(2);
if (startEngine().backend !== 'tensorflow')
  throw new Error('The native library is not there: run `npm run care -- setup`.');

/** What `care train --method care --data cifar10 --model small --epochs 1` runs, without a look at the neighbours. */
const { config, measures } = imageConfig({
  profile: 'laptop',
  preset: 'paper',
  options: {
    source: 'the benchmark',
    values: {
      method: 'care',
      'data.name': 'cifar10',
      'model.architecture': 'small',
      'training.epochs': 1,
      'training.batch': 64,
      'training.chunks': 4,
      'measures.knnEvery': 0,
      // The neighbours are counted after the clock has stopped; few of them are enough.
      'measures.knnLimit': 10,
    },
  },
});

/** One run of a fresh store, until its weights are in their file. */
async function runEpoch(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'care-epoch-'));
  const startedAt = performance.now();
  let seconds = NaN;
  try {
    const record = await pretrain({
      store: openStore(folder),
      config,
      measures,
      profile: 'laptop',
      preset: 'paper',
      dataDir,
      execution: execution as Execution,
      onPhase: (phase) => {
        if (phase === 'measuring') seconds = (performance.now() - startedAt) / 1000;
      },
    });
    if (record.status !== 'finished') throw new Error(`The run ended as ${record.status}.`);
    return seconds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

answerLines(runEpoch, { parameters: () => [countParameters(imageModel(config))] });
