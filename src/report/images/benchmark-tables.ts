/** Table 1, the paper's numbers beside ours with what ours cost, and what adding CARE changes. */
import type { ImageMethod } from '../../experiments/images/config.js';
import { RECIPES, type Recipe } from '../../experiments/images/presets.js';
import { imageLabel, type ImageResults } from '../../experiments/images/study.js';
import type { MethodName } from '../../methods/methods.js';
import type { RunRecord } from '../../runs/record.js';
import type { FigureBlock, Panel, ProvenanceBlock, TableBlock, TableCell } from '../blocks.js';
import { describeDots, dotPlot, type Dot, type DotPlotInput } from '../charts/dots.js';
import { mean, standardDeviation } from '../charts/statistics.js';
import { formatInterval, formatValues, judgeValue } from '../claims.js';
import {
  cellOf,
  estimateOf,
  NOT_RUN,
  recordsOf,
  runsOf,
  seedValues,
  valuesBySeed,
  type Compared,
} from '../compared.js';
import { HALF_WIDTH } from '../compared-figures.js';
import {
  PAPER_DATA,
  paperGain,
  paperText,
  REPOSITORY_CHART,
  TABLE_1,
  TABLE_1_METHODS,
  type PaperColumn,
  type PaperNumber,
} from '../paper-numbers.js';
import { listed } from '../phrases.js';
import { provenanceOf } from '../provenance-block.js';
import { BENCHMARK_QUANTITIES, chanceOf, meanOver, onData } from './benchmark-quantities.js';
import { weightDifference } from './benchmark-settings.js';
import { comparedOf } from './common.js';

export { estimateOf } from '../compared.js';
export { BENCHMARK_QUANTITIES as QUANTITIES } from './benchmark-quantities.js';

const { probe, knn } = BENCHMARK_QUANTITIES;

/** What a row is of. */
interface TableRow {
  readonly method: ImageMethod;
  readonly records: readonly RunRecord[];
  readonly values: readonly number[];
}

function rowsOf(compared: Compared, methods: readonly ImageMethod[]): readonly TableRow[] {
  return methods.map((method) => ({
    method,
    records: runsOf(compared, imageLabel(method)).map(({ record }) => record),
    values: seedValues(compared, imageLabel(method), probe),
  }));
}

/** Mean and deviation without n, which has a column of its own. */
function spreadText(values: readonly number[]): TableCell {
  return values.length === 0 ? null : formatValues(values).replace(/ \(n = .*\)$/, '');
}

/** Stands where a cell has nothing to say: a row that was not run says so once. */
const BLANK = '';

/** What a run took, on average; blank where nothing was trained. */
function costs(records: readonly RunRecord[]): Readonly<Record<string, TableCell>> {
  const trained = records.filter(({ steps }) => steps.done > 0);
  const cell = (read: (record: RunRecord) => number | undefined): TableCell =>
    cellOf(meanOver(trained, read), 3) ?? BLANK;
  return {
    views: cell(({ viewsPerSecond }) => viewsPerSecond),
    minutes: cell(({ trainingSeconds }) => trainingSeconds / 60),
    memory: cell(({ peakDeviceMemoryBytes, peakMemoryBytes }) => {
      const bytes = peakDeviceMemoryBytes ?? peakMemoryBytes;
      return bytes === undefined ? undefined : bytes / 1e9;
    }),
  };
}

/** Our numbers of a row: the probe over pretraining seeds and over classifiers, nearest neighbours, cost. */
function ourCells({ records, values }: TableRow): Readonly<Record<string, TableCell>> {
  const classifiers = meanOver(records, (record) => estimateOf(record, probe)?.sd);
  const neighbours = meanOver(records, (record) => estimateOf(record, knn)?.value);
  return {
    ours: spreadText(values),
    seeds: values.length === 0 ? BLANK : values.length,
    classifiers: cellOf(classifiers, 2) ?? BLANK,
    knn: cellOf(neighbours, 3) ?? BLANK,
    ...costs(records),
  };
}

const OUR_COLUMNS = [
  { key: 'classifiers', title: 'sd over classifiers', kind: 'number', unit: 'points', source: 'ours' },
  { key: 'knn', title: 'kNN', kind: 'number', unit: '%', source: 'ours' },
  { key: 'views', title: 'views/s', kind: 'number', source: 'ours' },
  { key: 'minutes', title: 'training', kind: 'number', unit: 'min', source: 'ours' },
  { key: 'memory', title: 'peak memory', kind: 'number', unit: 'GB', source: 'ours' },
] as const satisfies TableBlock['columns'];

const OURS = [
  { key: 'ours', title: 'ours', kind: 'number', unit: '%', source: 'ours' },
  { key: 'seeds', title: 'seeds', kind: 'number', source: 'ours' },
] as const satisfies TableBlock['columns'];

/** Stands in the column of verdicts where a number cannot be expected to be the paper's. */
const OTHER_SETTING = 'other setting';

/** Difference to the paper's number, and what follows from it. */
function againstPaper(
  { method, values }: TableRow,
  column: PaperColumn,
  sameSetting: boolean,
): Readonly<Record<string, TableCell>> {
  const paper = method === 'untrained' ? undefined : column[method];
  if (paper === undefined) return { paper: null, difference: BLANK, verdict: BLANK };
  const judged = judgeValue({ ours: values, paper, sameSetting, unit: '%' });
  const { comparison } = judged;
  return {
    paper: paperText(paper),
    difference: comparison === undefined ? BLANK : formatInterval(comparison.difference, undefined, true),
    // Elsewhere the paper's number is not expected, so that not having it says nothing: the claims compare pairs instead.
    verdict: sameSetting || comparison === undefined ? judged.verdict : OTHER_SETTING,
  };
}

/** On which images, and how many. */
function dataWords(compared: Compared): string {
  const names = recordsOf(compared.runs).map(({ data }) => `${data.name}, ${data.items} training images`);
  return names.length === 0 ? 'nothing was run' : [...new Set(names)].join('; ');
}

/** How L_equi's weight differs from the paper's on a set of images; undefined where it does not. */
function weightWords(results: ImageResults, data: Recipe): string | undefined {
  const different = weightDifference(results, data);
  if (different === undefined) return undefined;
  const words = ({ lambda, batch, chunks }: typeof different.ours) =>
    `lambda ${lambda} on chunks of ${batch / chunks} images`;
  return `L_equi is ${different.is} in CARE than in the paper\u2019s setting: ${words(different.ours)}, the paper\u2019s ${words(different.paper)}; the settings say what that makes of its mean.`;
}

function captionOf(results: ImageResults, compared: Compared, data: Recipe): string {
  const column = Object.values(TABLE_1[data]);
  const chart = Object.entries(REPOSITORY_CHART[data] ?? {}) as [MethodName, PaperNumber][];
  const chance = chanceOf(compared);
  const ran = recordsOf(compared.runs).length > 0;
  const sentences: readonly (string | false)[] = [
    `Profile ${compared.profile}: ${dataWords(compared)}.`,
    'The paper\u2019s \u00b1 is over 3 initialisations of the classifier on one pretraining, ours over pretraining seeds.',
    ran &&
      !compared.sameSetting &&
      `\u201c${OTHER_SETTING}\u201d: not judged against the paper\u2019s number, which needs the paper\u2019s own setting; the claims judge pairs of methods.`,
    (ran && weightWords(results, data)) ?? false,
    column.some(({ quoted }) => quoted) && '(quoted): taken over by the paper from other work.',
    column.some(({ uncertainPlace }) => uncertainPlace) &&
      '?: its place in the paper\u2019s table could not be read with certainty.',
    chart.length > 0 &&
      `The official repository\u2019s own chart has ${chart.map(([method, { value }]) => `${imageLabel(method)} at ${value}`).join(' and ')}.`,
    chance !== undefined && `Guessing gives ${String(cellOf(chance, 3))} %.`,
  ];
  return sentences.filter((sentence) => sentence !== false).join(' ');
}

const PAPER_COLUMNS = [
  { key: 'method', title: 'method', kind: 'text' },
  { key: 'paper', title: 'paper', kind: 'number', unit: '%', source: 'paper' },
] as const satisfies TableBlock['columns'];

/** One column of Table 1, with all its rows and the control. */
export function benchmarkTable(results: ImageResults, data: Recipe): TableBlock {
  const compared = onData(results, data);
  const rows = rowsOf(compared, [...TABLE_1_METHODS, 'untrained']);
  const shown = rows.some(({ records }) => records.length > 0)
    ? [
        ...PAPER_COLUMNS,
        ...OURS,
        { key: 'difference', title: 'difference', kind: 'number', unit: 'points', source: 'ours' } as const,
        { key: 'verdict', title: 'verdict', kind: 'text' } as const,
        ...OUR_COLUMNS,
      ]
    : [...PAPER_COLUMNS, ...OURS.slice(0, 1)];
  return {
    type: 'table',
    title: `Table 1, ${PAPER_DATA[data]}`,
    columns: shown,
    rows: rows.map((row) => ({
      method: imageLabel(row.method),
      ...againstPaper(row, TABLE_1[data], compared.sameSetting),
      ...ourCells(row),
    })),
    caption: captionOf(results, compared, data),
  };
}

/** Table 1, column by column. */
export function benchmarkTables(results: ImageResults): readonly TableBlock[] {
  return RECIPES.map((data) => benchmarkTable(results, data));
}

/** Methods of a part of the plan that Table 1 does not have. */
export function beyondTable(results: ImageResults): TableBlock {
  const compared = comparedOf(results, { part: 'beyond' });
  const planned = results.plan.runs.filter(({ part }) => part === 'beyond').map(({ method }) => method);
  return {
    type: 'table',
    title: 'Beyond Table 1: CARE on other methods, and E-SSL',
    columns: [{ key: 'method', title: 'method', kind: 'text' }, ...OURS, ...OUR_COLUMNS],
    rows: rowsOf(compared, [...new Set(planned)]).map((row) => ({
      method: imageLabel(row.method),
      ...ourCells(row),
    })),
    caption: `The paper does not have these on images. Profile ${compared.profile}; ${dataWords(compared)}. Mean over pretraining seeds.`,
  };
}

/** A method with CARE, and the same without it. */
export interface Pair {
  readonly base: MethodName;
  readonly withCare: MethodName;
}

/** The pairs of Table 1. */
export const TABLE_1_PAIRS = [
  { base: 'simclr', withCare: 'care' },
  { base: 'moco-v2', withCare: 'moco-v2+care' },
  { base: 'barlow-twins', withCare: 'barlow-twins+care' },
] as const satisfies readonly Pair[];

/** Those of ours besides. */
const MORE_PAIRS = [
  { base: 'byol', withCare: 'byol+care' },
  { base: 'equimod', withCare: 'equimod+care' },
  { base: 'e-ssl', withCare: 'e-ssl+care' },
] as const satisfies readonly Pair[];

/** What CARE changes in one seed. */
export interface Gain {
  readonly pair: Pair;
  readonly seed: number;
  /** In points of the linear probe. */
  readonly value: number;
  /** With CARE and without. */
  readonly runs: readonly [string, string];
}

/** Differences of pairs, seed by seed. */
export function gainsOf(compared: Compared, pair: Pair): readonly Gain[] {
  const [ours, other] = [pair.withCare, pair.base].map((method) => {
    const label = imageLabel(method);
    const ids = new Map(runsOf(compared, label).map(({ seed, record }) => [seed, record.id]));
    return valuesBySeed(compared, label, probe).map((one) => ({ ...one, run: ids.get(one.seed) ?? '' }));
  });
  return (ours ?? []).flatMap(({ seed, value, run }) => {
    const without = other?.find((one) => one.seed === seed);
    return without === undefined
      ? []
      : [{ pair, seed, value: value - without.value, runs: [run, without.run] as const }];
  });
}

/** The gains that are planned on a set of images: those of Table 1, and on CIFAR-10 those beyond it. */
function pairsOn(results: ImageResults, data: Recipe): readonly Pair[] {
  const planned = new Set(
    results.plan.runs
      .filter(({ part }) => part === data || (data === 'cifar10' && part === 'beyond'))
      .map(({ method }) => method),
  );
  return [...TABLE_1_PAIRS, ...MORE_PAIRS].filter(({ withCare }) => planned.has(withCare));
}

function gainRuns(results: ImageResults, data: Recipe): Compared {
  return comparedOf(results, { part: data === 'cifar10' ? ['cifar10', 'beyond'] : data });
}

function gainInput(results: ImageResults, data: Recipe): DotPlotInput {
  const compared = gainRuns(results, data);
  const pairs = pairsOn(results, data);
  const dots = pairs.flatMap((pair) =>
    gainsOf(compared, pair).map(({ seed, value, runs }): Dot => ({
      method: imageLabel(pair.withCare),
      value,
      seed,
      run: runs.join(' and '),
    })),
  );
  const paper = pairs.flatMap(({ base, withCare }) => {
    const value = paperGain(TABLE_1[data], base, withCare);
    return value === undefined ? [] : [{ method: imageLabel(withCare), value }];
  });
  return {
    dots,
    paper,
    xTitle: 'linear probe with CARE minus without (points)',
    methods: pairs.map(({ withCare }) => imageLabel(withCare)),
    dotIs: 'pretraining seed',
    references: [{ value: 0, label: 'no change' }],
    zero: false,
  };
}

/** Sets of images on which there is a gain to show; CIFAR-10 stays where there is none. */
function shownData(results: ImageResults): readonly Recipe[] {
  const shown = RECIPES.filter((data) =>
    pairsOn(results, data).some((pair) => gainsOf(gainRuns(results, data), pair).length > 0),
  );
  return shown.length === 0 ? ['cifar10'] : shown;
}

function signed(value: number, digits = 2): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(digits)}`.replace('-', '\u2212');
}

/** What CARE changes on a set of images, as the end of a sentence: ours, and the paper's. */
export function gainWords(results: ImageResults, data: Recipe): string {
  const compared = gainRuns(results, data);
  const parts = TABLE_1_PAIRS.flatMap((pair) => {
    const gains = gainsOf(compared, pair).map(({ value }) => value);
    if (gains.length === 0) return [];
    const paper = paperGain(TABLE_1[data], pair.base, pair.withCare);
    const beside = paper === undefined ? '' : ` (paper ${signed(paper)})`;
    return [`${signed(mean(gains), 1)} on ${imageLabel(pair.base)}${beside}`];
  });
  return parts.length === 0 ? NOT_RUN : parts.join(', ');
}

/** What CARE changes in the paper and here, a pair and set of images a row. */
export function gainTable(results: ImageResults): TableBlock {
  const rows = RECIPES.flatMap((data) =>
    pairsOn(results, data).map(({ base, withCare }) => {
      const gains = gainsOf(gainRuns(results, data), { base, withCare });
      const values = gains.map(({ value }) => value);
      const paper = paperGain(TABLE_1[data], base, withCare);
      return {
        data: PAPER_DATA[data],
        method: imageLabel(withCare),
        base: imageLabel(base),
        paper: paper === undefined ? null : signed(paper),
        ours: values.length === 0 ? null : signed(mean(values)),
        sd: values.length === 0 ? null : values.length === 1 ? BLANK : cellOf(standardDeviation(values), 2),
        seeds: values.length,
        runs: gains.length === 0 ? NOT_RUN : gains.map(({ runs }) => runs.join(' \u2212 ')).join(', '),
      };
    }),
  );
  return {
    type: 'table',
    title: 'Linear probe with CARE minus without',
    columns: [
      { key: 'data', title: 'data', kind: 'text' },
      { key: 'method', title: 'method', kind: 'text' },
      { key: 'base', title: 'without CARE', kind: 'text' },
      { key: 'paper', title: 'paper', kind: 'number', unit: 'points', source: 'paper' },
      { key: 'ours', title: 'ours', kind: 'number', unit: 'points', source: 'ours' },
      { key: 'sd', title: 'sd', kind: 'number', unit: 'points', source: 'ours' },
      { key: 'seeds', title: 'seeds', kind: 'number', source: 'ours' },
      { key: 'runs', title: 'runs', kind: 'text' },
    ],
    rows,
    caption: `Ours: mean and sample standard deviation of the differences over pretraining seeds, each with and without CARE; profile ${results.plan.choice.profile}.`,
  };
}

function gainPanels(inputs: readonly { readonly data: Recipe; readonly input: DotPlotInput }[]): Panel[] {
  const single = inputs.length === 1;
  return inputs.map(({ data, input }) => ({
    title: PAPER_DATA[data],
    spec: dotPlot(single ? input : { ...input, width: HALF_WIDTH }),
  }));
}

/** Where the two runs of a difference were trained on different processors, which can change a result as another seed does. */
function mixedWords(results: ImageResults, data: Recipe): readonly string[] {
  const compared = gainRuns(results, data);
  const cpus = new Map(
    compared.runs.flatMap(({ record }) =>
      record === null ? [] : [[record.id, record.sessions.at(-1)?.environment.cpu] as const],
    ),
  );
  const mixed = pairsOn(results, data).flatMap((pair) => {
    const gains = gainsOf(compared, pair);
    const count = gains.filter(({ runs: [own, other] }) => cpus.get(own) !== cpus.get(other)).length;
    return count === 0 ? [] : [`${imageLabel(pair.withCare)} in ${count} of ${gains.length} seeds`];
  });
  return mixed.length === 0
    ? []
    : [
        `On ${PAPER_DATA[data]}, the runs with and without CARE come from different processors for ${listed(mixed)}.`,
      ];
}

/** The smallest and the largest difference of the paper. */
export function paperRange(): string {
  const gains = RECIPES.flatMap((data) =>
    TABLE_1_PAIRS.flatMap(({ base, withCare }) => paperGain(TABLE_1[data], base, withCare) ?? []),
  );
  return `${Math.min(...gains).toFixed(2)} to ${Math.max(...gains).toFixed(2)}`;
}

function gainTitle(results: ImageResults, data: Recipe): string {
  const words = gainWords(results, data);
  return words === NOT_RUN
    ? `What adding CARE changes of the linear probe on ${PAPER_DATA[data]}: ${NOT_RUN}`
    : `On ${PAPER_DATA[data]}, adding CARE changes the linear probe by ${words}`;
}

/** What adding CARE changes, seed by seed, beside what it changes in the paper: the comparison that a small setting can make. */
export function gainFigure(results: ImageResults): FigureBlock {
  const shown = shownData(results);
  const inputs = shown.map((data) => ({ data, input: gainInput(results, data) }));
  return {
    type: 'figure',
    id: 'table1-gains',
    title: gainTitle(results, shown[0] ?? 'cifar10'),
    paperPlace: 'Table 1',
    panels: gainPanels(inputs),
    columns: 2,
    paperShows: `CARE raises the linear probe of SimCLR, MoCo-v2 and Barlow Twins wherever the paper reports both, by ${paperRange()} points.`,
    weSee: `${inputs.map(({ data }) => `${PAPER_DATA[data]}: ${gainWords(results, data)}.`).join(' ')} A dot is one seed with CARE minus the same seed without; a hollow diamond is the paper\u2019s difference.`,
    differs: [
      'Accuracies of a small network after a few epochs are far below the paper\u2019s, so the figure compares differences.',
      ...shown.flatMap((data) => {
        const words = weightWords(results, data);
        return words === undefined ? [] : [`On ${PAPER_DATA[data]}, ${words}`];
      }),
      ...shown.flatMap((data) => mixedWords(results, data)),
      'Other rows than the paper\u2019s three are additions.',
    ].join(' '),
    alt: inputs.map(({ data, input }) => `${PAPER_DATA[data]}: ${describeDots(input)}`).join(' '),
    data: gainTable(results),
  };
}

/** The same for the first screen: CIFAR-10 alone, or what else was run. */
export function heroFigure(results: ImageResults): FigureBlock {
  const [data = 'cifar10'] = shownData(results);
  const input = gainInput(results, data);
  return {
    type: 'figure',
    id: 'hero',
    title: `What CARE adds to the linear probe on ${PAPER_DATA[data]}: ${gainWords(results, data)}`,
    paperPlace: 'Table 1',
    panels: gainPanels([{ data, input }]),
    weSee:
      'A dot is one pretraining seed with CARE minus the same seed without, in points of accuracy; a hollow diamond is the paper\u2019s difference.',
    alt: describeDots(input),
    data: gainTable(results),
  };
}

/** Every run that the report rests on. */
export function benchmarkProvenance(results: ImageResults): ProvenanceBlock {
  return provenanceOf(recordsOf(results.outcomes));
}
