/** `care measure`: measures a trained run again, or in other ways, and keeps what was found in its record. */
import type { Command } from 'commander';
import { InterruptedError } from '../experiments/execute-run.js';
import { FORMS_EXPERIMENT } from '../experiments/forms/study.js';
import { measureImageRun } from '../experiments/images/measure-run.js';
import { IMAGE_MEASURES } from '../experiments/images/measures.js';
import { IMAGES } from '../experiments/images/pretrain.js';
import { measureProteinRun, PROTEIN_MEASURE_LINES } from '../experiments/protein/measure-run.js';
import { PROTEIN } from '../experiments/protein/study.js';
import { parseOverrides, type ConfigLayer } from '../runs/configuration.js';
import type { Estimate, Measurement, RunRecord } from '../runs/record.js';
import { openStore } from '../runs/store.js';
import { standardErrorItems } from '../runs/uncertainty.js';
import { UserError } from '../runs/user-error.js';
import { startEngine } from '../tensorflow/engine.js';
import { collect } from './run-options.js';
import { stopSignal } from './signals.js';
import { durationText, estimateText, textTable } from './text-table.js';

interface MeasureOptions {
  readonly list?: boolean;
  readonly seed?: string;
  readonly parameter: readonly string[];
  readonly runs: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  care measure --list                              what can be measured
  care measure 3f2a wahba gamma                    two measures of one run
  care measure 3f2a probe -p probe.epochs=20       a shorter linear probe
  care measure 3f2a retrieval -p retrieval.hue=.5  other settings, another measurement in place of the last

A measurement with the same settings, made by the same code, is not made again. care runs show RUN shows all of them.
`;

/** Adds `care measure`. */
export function registerMeasure(program: Command): void {
  program
    .command('measure')
    .description("measure a trained run: probes, Wahba's error, gamma_f, retrieval and more")
    .argument('[run]', 'a run (enough of its id; care runs list shows them)')
    .argument('[names...]', 'measures; without any, all of the usual ones')
    .option('--list', 'say what can be measured, and stop')
    .option('--seed <n>', 'of augmentations, splits and draws')
    .option(
      '-p, --parameter <key=value>',
      'change a setting, e.g. -p augmentations=50 (repeatable)',
      collect,
      [],
    )
    .option('--runs <folder>', 'where the runs are kept', process.env.CARE_RUNS_DIR ?? 'runs')
    .option('--data-dir <folder>', 'the data folder (default: CARE_DATA_DIR, then ../shared/data)')
    .option('--json', 'print the measurements as JSON')
    .addHelpText('after', EXAMPLES)
    .action(measure);
}

function printList(): void {
  const rows = [
    ...Object.entries(IMAGE_MEASURES).map(([name, { about }]) => [IMAGES, name, about]),
    ...Object.entries(PROTEIN_MEASURE_LINES).map(([name, about]) => [PROTEIN, name, about]),
  ];
  console.log(
    textTable(
      [{ title: 'runs of' }, { title: 'measure' }, { title: 'what' }],
      rows,
      Number.POSITIVE_INFINITY,
    ),
  );
}

function layersOf({ seed, parameter }: MeasureOptions): readonly ConfigLayer[] {
  const values: ConfigLayer['values'] = seed === undefined ? {} : { seed };
  return [{ source: 'the options', values, isText: true }, parseOverrides(parameter)];
}

function spreadText({ sd, n, kind }: Estimate): string {
  if (n === undefined || kind === undefined) return '';
  const items = standardErrorItems(kind);
  if (items !== undefined) return `standard error over ${n} ${items}`;
  return sd === undefined ? `${n} ${kind}` : `sd over ${n} ${kind}`;
}

function printMeasurement({ name, estimates, seconds }: Measurement): void {
  const rows = Object.entries(estimates).map(([key, estimate]) => [
    `  ${key}`,
    estimateText(estimate),
    spreadText(estimate),
  ]);
  console.log(`\n${name}  (${durationText(seconds)})`);
  console.log(
    textTable([{ title: '  ' }, { title: 'value', align: 'right' }, { title: 'uncertainty' }], rows),
  );
}

function printResult(record: RunRecord, names: readonly string[], json: boolean): void {
  const found = names.flatMap((name) => record.measurements[name] ?? []);
  if (json) {
    console.log(JSON.stringify(Object.fromEntries(found.map((one) => [one.name, one])), null, 2));
    return;
  }
  console.log(`${record.label}, ${record.data.name}, profile ${record.profile}  (${record.id})`);
  found.forEach(printMeasurement);
}

async function measure(
  run: string | undefined,
  names: readonly string[],
  options: MeasureOptions,
): Promise<void> {
  if (options.list === true) {
    printList();
    return;
  }
  if (run === undefined) {
    throw new UserError(
      'care measure takes a run.',
      'For example: care measure ID wahba (care runs list shows the ids, care measure --list the measures).',
    );
  }
  const store = openStore(options.runs);
  const record = store.read(run);
  const layers = layersOf(options);
  if (record.experiment === FORMS_EXPERIMENT) {
    throw new UserError(
      `Run ${record.id} (${record.label}) is of another bilinear form, which this command does not measure.`,
      'care reproduce equivariance-properties measures such runs anew where something has changed.',
    );
  }
  startEngine();
  const common = {
    store,
    record,
    names,
    layers,
    signal: stopSignal(() =>
      process.stderr.write('\nStopping after this measure; once more ends at once.\n'),
    ),
    onMeasure: (name: string) => process.stderr.write(`measuring ${name} ...\n`),
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
  };
  try {
    const found =
      record.experiment === PROTEIN
        ? await measureProteinRun(common)
        : await measureImageRun({
            ...common,
            onRemark: (remark) => process.stderr.write(`note: ${remark}\n`),
          });
    printResult(found.record, found.names, options.json === true);
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    process.exitCode = 130;
    throw new UserError(error.message, 'What was measured before is kept.', { cause: error });
  }
}
