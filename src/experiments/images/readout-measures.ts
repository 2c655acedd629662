/** Classes read from frozen embeddings: linear probes, also on other images, and nearest neighbours. */
import { knn } from '../../measure/knn.js';
import {
  linearProbe,
  PROBE_PRESETS,
  type ProbeResult,
  type ProbeSettings,
} from '../../measure/linear-probe.js';
import type { Estimate } from '../../runs/record.js';
import type { Findings } from '../recorded-run.js';
import type { MeasureSettings } from './measure-config.js';
import { officialProbe } from './official-probe.js';
import { byStage, limited, STAGES, withEncoder, type ImageSubject } from './subject.js';
import { transferData } from './transfer.js';

function probeSettings({ probe }: MeasureSettings): ProbeSettings {
  const paper = PROBE_PRESETS[probe.optimizer];
  return {
    ...paper,
    epochs: probe.epochs ?? paper.epochs,
    batch: probe.batch ?? paper.batch,
    learningRate: probe.learningRate ?? paper.learningRate,
  };
}

const percent = (estimate: Estimate): Estimate => ({
  ...estimate,
  value: 100 * estimate.value,
  unit: '%',
  ...(estimate.sd === undefined ? {} : { sd: 100 * estimate.sd }),
});

function probeFindings(
  { accuracy, standardError, chance, perSeed }: ProbeResult,
  n: number,
  { classifierSeeds }: MeasureSettings,
): Findings {
  return {
    estimates: {
      accuracy: percent(accuracy),
      overImages: percent({
        value: accuracy.value,
        sd: standardError,
        n,
        kind: 'standard error over samples',
      }),
      chance: percent({ value: chance }),
    },
    tables: { seeds: { seed: classifierSeeds, accuracy: perSeed } },
  };
}

/** The same encoder and classifier, on images that the encoder was not trained on. */
export function transfer(subject: ImageSubject, settings: MeasureSettings): Findings {
  const { elsewhere } = subject;
  if (elsewhere === undefined) throw new Error('Transfer is measured on other images, and none were given.');
  const found = probe({ ...subject, task: elsewhere }, settings);
  const { train, test } = elsewhere;
  const images = {
    name: [transferData(subject.config, settings)],
    sha256: [train.provenance.sha256],
    train: [train.length],
    test: [test.length],
  };
  return { ...found, tables: { ...found.tables, images } };
}

export function probe(subject: ImageSubject, settings: MeasureSettings): Findings {
  const train = limited(subject.task.train, settings.probe.images);
  const { test } = subject.task;
  return withEncoder(subject, {}, (encoder) => {
    const [learnt, judged] = [encoder.plain(train), encoder.plain(test)];
    return byStage(settings, (stage) =>
      probeFindings(
        linearProbe(
          { embeddings: learnt[STAGES[stage]], labels: train.labels },
          { embeddings: judged[STAGES[stage]], labels: test.labels },
          { ...probeSettings(settings), seeds: settings.classifierSeeds },
        ),
        test.length,
        settings,
      ),
    );
  });
}

export function probeOfficial({ config, weights, task }: ImageSubject, settings: MeasureSettings): Findings {
  const train = limited(task.train, settings.probe.images);
  const seeds = settings.classifierSeeds;
  const found = officialProbe(config, weights, train, task.test, probeSettings(settings), seeds);
  return probeFindings(found, task.test.length, settings);
}

export function neighbours(subject: ImageSubject, settings: MeasureSettings): Findings {
  const { temperature } = settings.neighbours;
  const { train, test } = subject.task;
  // Of few images all vote; the finding says how many did.
  const k = Math.min(settings.neighbours.k, train.length);
  return withEncoder(subject, {}, (encoder) => {
    const [bank, queries] = [encoder.plain(train), encoder.plain(test)];
    return byStage(settings, (stage) => {
      const { accuracy, standardError, n } = knn(
        { embeddings: bank[STAGES[stage]], labels: train.labels },
        { embeddings: queries[STAGES[stage]], labels: test.labels },
        { k, temperature },
      );
      const estimate = percent({
        value: accuracy,
        sd: standardError,
        n,
        kind: 'standard error over samples',
      });
      return { estimates: { accuracy: estimate, k: { value: k } } };
    });
  });
}
