/**
 * The reproducibility card: the variables by which a study can be repeated (after Gundersen and Kjensmo, AAAI 2018), what
 * the paper gives of each beside what this reproduction gives. Ours is filled from records.
 */
import type { RunRecord } from '../../runs/record.js';
import type { TableBlock, TableCell } from '../blocks.js';
import { duration } from '../page/provenance.js';
import { allRecords, dataFacts, machineFacts, seedText, versionFacts } from './facts.js';
import type { ReproductionResults } from './results.js';

/** The variables, in the order of the card. */
export const CARD_VARIABLES = [
  'research type',
  'pseudocode',
  'open code',
  'open data',
  'data splits',
  'hardware',
  'software dependencies',
  'experiment setup',
] as const;
export type CardVariable = (typeof CARD_VARIABLES)[number];

/** What the paper gives of a variable, and how much of it that is. */
interface PaperGives {
  readonly given: 'yes' | 'in part' | 'no';
  readonly what: string;
}

/** The paper's side, from its text and its official code. */
export const PAPER_CARD: Readonly<Record<CardVariable, PaperGives>> = {
  'research type': {
    given: 'yes',
    what: 'A method with theory (Proposition 1, Corollary 1) and experiments.',
  },
  pseudocode: { given: 'yes', what: 'Algorithm 1, one training step.' },
  'open code': {
    given: 'in part',
    what:
      'PyTorch, github.com/Sharut/CARE: pretraining and linear probe. Not in it: proteins, Flowers-102, Wahba\u2019s error, \u03b3_f, ' +
      'the circle, Barlow Twins, EquiMod, MoCo-v2 on CIFAR.',
  },
  'open data': {
    given: 'in part',
    what: 'CIFAR10, CIFAR100, STL10, ImageNet100, Flowers-102 and the PDB, all public. Which proteins is not said.',
  },
  'data splits': { given: 'no', what: 'Neither sizes nor a validation set.' },
  hardware: { given: 'in part', what: '4 V100 of 32 GB for one run; Xeon Gold 6248. No running times.' },
  'software dependencies': { given: 'no', what: 'PyTorch, without versions.' },
  'experiment setup': {
    given: 'in part',
    what:
      'Network, optimiser, epochs, batch, temperature, lambda and n_split of the image data sets. Of proteins neither n, nor optimiser, ' +
      'nor lambda. No search for settings. Spread over 3 classifiers, not over pretrainings.',
  },
};

/** Text of a record inside Markdown cells. */
function code(text: string): string {
  return `\`${text.replaceAll('`', '')}\``;
}

const NOTHING = 'not run';

function commitsText(records: readonly RunRecord[]): string {
  const commits = [...new Set(records.map(({ code: { commit } }) => commit?.slice(0, 10) ?? 'none'))];
  const changed = records.filter(({ code: { clean } }) => clean === false).length;
  const clean = changed === 0 ? 'all from a clean tree' : `${changed} from a tree with changes`;
  return `${commits.length === 1 ? 'commit' : 'commits'} ${commits.map(code).join(', ')} (${clean})`;
}

function openData(records: readonly RunRecord[]): string {
  const facts = dataFacts(records);
  const words = facts.map(
    ({ name, generated, files }) => `${name}${generated ? ' (generated)' : ''}, ${files} files`,
  );
  return `${words.join('; ')}: every file with its size and sha256 in the run store. \`care data\` downloads the archives and checks them.`;
}

function splits(records: readonly RunRecord[]): string {
  const words = dataFacts(records).map(({ name, trained, held }) => {
    if (trained === null || held === null) return `${name}: not measured`;
    return `${name}: ${trained} trained on, ${held} held out`;
  });
  const proteins = records.some(({ experiment }) => experiment === 'protein')
    ? 'Proteins are held out by structure and relatives. '
    : '';
  return `${words.join('; ')}. ${proteins}No validation set: the last weights count.`;
}

function hardware(records: readonly RunRecord[]): string {
  const words = machineFacts(records).map(
    ({ device, cores, memory, platform, runs }) =>
      `${device}, ${cores} cores, ${memory}, ${platform} (${runs} ${runs === 1 ? 'run' : 'runs'})`,
  );
  const seconds = records.reduce((sum, { trainingSeconds }) => sum + trainingSeconds, 0);
  return `${words.join('; ')}. Training took ${duration(seconds)} in all; time and peak memory of each run stand in its record.`;
}

function software(records: readonly RunRecord[]): string {
  const words = versionFacts(records)
    .filter(({ versions }) => versions.length > 0)
    .map(({ software: name, versions }) => `${name} ${versions.join(', ')}`);
  return `${words.join('; ')}. All others are fixed by package-lock.json, the native library by its sha256.`;
}

function setup(results: ReproductionResults, records: readonly RunRecord[]): string {
  const profiles = [...new Set(records.map(({ profile }) => profile))];
  const presets = [...new Set(records.map(({ preset }) => preset))];
  const seeds = seedText(records.flatMap(({ seeds: { pretraining } }) => pretraining ?? []));
  const planned = results.entries.reduce((sum, entry) => sum + entry.planned, 0);
  const done = results.entries.reduce((sum, entry) => sum + entry.recorded, 0);
  return (
    `${done} of ${planned} planned runs, those that several experiments share counted in each; profile ${profiles.map(code).join(', ')}, preset ${presets.map(code).join(', ')}; pretraining seeds ${seeds}. ` +
    'Every setting with its default filled in stands in the record; the paper\u2019s and ours stand side by side in each report. ' +
    'Spread is over pretrainings.'
  );
}

function ours(results: ReproductionResults): Readonly<Record<CardVariable, string>> {
  const records = allRecords(results);
  const ran = (text: (of: readonly RunRecord[]) => string) =>
    records.length === 0 ? NOTHING : text(records);
  return {
    'research type':
      'A reproduction from the paper and its code, by experiment. What Proposition 1 and Corollary 1 predict is measured.',
    pseudocode: 'Algorithm 1, restated with its formulas in docs/paper.md; in code, methods/care.ts.',
    'open code': ran(
      (of) =>
        `This package: training, all measures, notebooks and this page. Runs were made at ${commitsText(of)}.`,
    ),
    'open data': ran(openData),
    'data splits': ran(splits),
    hardware: ran(hardware),
    'software dependencies': ran(software),
    'experiment setup': ran((of) => setup(results, of)),
  };
}

/** The card. */
export function reproducibilityCard(results: ReproductionResults): TableBlock {
  const own = ours(results);
  return {
    type: 'table',
    title: 'Variables, the paper and ours',
    stacked: true,
    columns: [
      { key: 'variable', title: 'variable', kind: 'text' },
      { key: 'given', title: 'given by the paper', kind: 'text', source: 'paper' },
      { key: 'paper', title: 'the paper', kind: 'text', source: 'paper' },
      { key: 'ours', title: 'this reproduction', kind: 'text', source: 'ours' },
    ],
    rows: CARD_VARIABLES.map((variable) => ({
      variable,
      given: PAPER_CARD[variable].given,
      paper: PAPER_CARD[variable].what,
      ours: own[variable],
    })),
    caption:
      'Variables after Gundersen and Kjensmo (AAAI 2018). The right column is filled from the records of the runs that this report rests on.',
  };
}

/** Data sets with their splits and hashes. */
export function dataTable(results: ReproductionResults): TableBlock {
  const cell = (value: number | null): TableCell => value ?? 'not measured';
  return {
    type: 'table',
    title: 'Data and splits',
    columns: [
      { key: 'data', title: 'data', kind: 'text' },
      { key: 'trained', title: 'trained on', kind: 'number', unit: 'items' },
      { key: 'held', title: 'held out', kind: 'number', unit: 'items' },
      { key: 'files', title: 'files', kind: 'number' },
      { key: 'sha256', title: 'sha256 of the list of files', kind: 'text' },
      { key: 'runs', title: 'runs', kind: 'number' },
    ],
    rows: dataFacts(allRecords(results)).map(({ name, generated, trained, held, files, sha256, runs }) => ({
      data: `${name}${generated ? ' (generated)' : ''}`,
      trained: cell(trained),
      held: cell(held),
      files,
      sha256: code(sha256),
      runs,
    })),
    caption:
      'Held out: the items that measures over all of them count. The hash is over names, sizes and sha256 of all files, which the store lists in `data-<hash>.json`.',
  };
}

/** What each experiment ran: seeds, steps, time. */
export function runsTable({ entries }: ReproductionResults): TableBlock {
  return {
    type: 'table',
    title: 'Runs by experiment',
    columns: [
      { key: 'experiment', title: 'experiment', kind: 'text' },
      { key: 'profile', title: 'profile', kind: 'text' },
      { key: 'recorded', title: 'runs', kind: 'number' },
      { key: 'planned', title: 'planned', kind: 'number' },
      { key: 'seeds', title: 'pretraining seeds', kind: 'text' },
      { key: 'minutes', title: 'training', kind: 'number', unit: 'minutes' },
      { key: 'measuring', title: 'measuring', kind: 'number', unit: 'minutes' },
    ],
    rows: entries.map(({ name, choice, records, recorded, planned }) => ({
      experiment: name,
      profile: recorded === 0 ? NOTHING : choice.profile,
      recorded,
      planned,
      seeds:
        records.length === 0 ? NOTHING : seedText(records.flatMap(({ seeds }) => seeds.pretraining ?? [])),
      minutes: minutes(records.reduce((sum, { trainingSeconds }) => sum + trainingSeconds, 0)),
      measuring: minutes(records.reduce((sum, record) => sum + measuringSeconds(record), 0)),
    })),
    caption: 'A run that serves several experiments is counted in each of them.',
  };
}

function minutes(seconds: number): number {
  return Number((seconds / 60).toFixed(1));
}

/** Seconds that all measurements of a run took. */
export function measuringSeconds({ measurements }: RunRecord): number {
  return Object.values(measurements).reduce((sum, { seconds }) => sum + seconds, 0);
}
