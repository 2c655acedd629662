/** The protein experiment's figures, tables and claims, as blocks: from records alone, with no number of their own. */
import type { EncoderName } from '../experiments/protein/config.js';
import { ENCODER_LABELS } from '../experiments/protein/labels.js';
import type { ProteinOutcome, ProteinResults } from '../experiments/protein/study.js';
import type { Estimate, RunRecord } from '../runs/record.js';
import type { FigureBlock, Panel, ProvenanceBlock, TableBlock, TableColumn } from './blocks.js';
import {
  describeDots,
  dotPlot,
  dotTable,
  type Dot,
  type DotPlotInput,
  type ReferenceLevel,
} from './charts/dots.js';
import { describeCurves, sensitivityChart, trainingChart, type TrainingCurve } from './charts/lines.js';
import { brief, mean } from './charts/statistics.js';
import { describePath, trajectoryPanels, type Trajectory } from './charts/trajectory.js';
import { formatValues } from './claims.js';

/** A measured quantity: where records keep it, and how it is spoken of. */
export interface Quantity {
  readonly measure: string;
  readonly estimate: string;
  readonly title: string;
  readonly unit?: string;
  /** Name on the upright axis of a small chart that has the title above it, where the unit does not serve. */
  readonly axis?: string;
  readonly lowerIsBetter: boolean;
  readonly scale?: 'linear' | 'log';
}

/** The quantities of the report. */
export const QUANTITIES = {
  roundness: {
    measure: 'trajectories',
    estimate: 'roundness',
    title: 'roundness of the path (1: a circle)',
    axis: 'roundness',
    lowerIsBetter: false,
  },
  radius: {
    measure: 'trajectories',
    estimate: 'relativeRadius',
    title: 'size of the path / spread of the structures',
    lowerIsBetter: false,
    scale: 'log',
  },
  axisLinear: {
    measure: 'axis',
    estimate: 'linear',
    title: 'angle to the principal component, linear readout',
    unit: 'degrees',
    lowerIsBetter: true,
  },
  axisMlp: {
    measure: 'axis',
    estimate: 'mlp',
    title: 'angle to the principal component, MLP readout',
    unit: 'degrees',
    lowerIsBetter: true,
  },
  gamma: {
    measure: 'geometry',
    estimate: 'gamma',
    title: 'gamma_f, mean of ratios',
    lowerIsBetter: true,
    scale: 'log',
  },
  gammaPooled: {
    measure: 'geometry',
    estimate: 'gammaPooled',
    title: 'gamma_f, ratio of means',
    lowerIsBetter: true,
    scale: 'log',
  },
  invariance: {
    measure: 'geometry',
    estimate: 'invariance',
    title: 'invariance loss',
    lowerIsBetter: true,
    scale: 'log',
  },
  wahba: {
    measure: 'geometry',
    estimate: 'wahbaError',
    title: 'Wahba error, Frobenius norm',
    lowerIsBetter: true,
    scale: 'log',
  },
  wahbaRelative: {
    measure: 'geometry',
    estimate: 'wahbaRelative',
    title: 'Wahba error / movement',
    lowerIsBetter: true,
  },
  steering: {
    measure: 'geometry',
    estimate: 'steeringRelative',
    title: 'steering error / movement, unseen structures',
    lowerIsBetter: true,
  },
  rank: { measure: 'geometry', estimate: 'effectiveRank', title: 'effective rank', lowerIsBetter: false },
} as const satisfies Readonly<Record<string, Quantity>>;

/** Stands where there is no run that could give a number. */
const NOT_RUN = 'not run';

/** What a record says of a quantity; undefined without a record, or where it was not measured. */
export function estimateOf(record: RunRecord | null, { measure, estimate }: Quantity): Estimate | undefined {
  return record?.measurements[measure]?.estimates[estimate];
}

/** The outcomes of the main comparison of one encoder that have a record, in the order of their seeds. */
export function mainOutcomes(results: ProteinResults, encoder: EncoderName): readonly ProteinOutcome[] {
  return results.outcomes.filter((o) => o.encoder === encoder && o.variation === null && o.record !== null);
}

/** The pretraining seeds of an encoder that have a quantity, with its value in each. */
export function valuesBySeed(
  results: ProteinResults,
  encoder: EncoderName,
  quantity: Quantity,
): readonly { readonly seed: number; readonly value: number }[] {
  return mainOutcomes(results, encoder).flatMap(({ record, seed }) => {
    const value = estimateOf(record, quantity)?.value;
    return value === undefined ? [] : [{ seed, value }];
  });
}

/** Values of a quantity, one a pretraining seed. */
export function seedValues(
  results: ProteinResults,
  encoder: EncoderName,
  quantity: Quantity,
): readonly number[] {
  return valuesBySeed(results, encoder, quantity).map(({ value }) => value);
}

/** The encoders of the plan, in its order. */
export function encodersOf({ plan }: ProteinResults): readonly EncoderName[] {
  return [...new Set(plan.runs.map(({ encoder }) => encoder))];
}

function recordsOf(results: ProteinResults): readonly RunRecord[] {
  return results.outcomes.flatMap(({ record }) => (record === null ? [] : [record]));
}

/** A column of a measurement's table; empty where it is not there. */
function column(
  record: RunRecord,
  measure: string,
  table: string,
  name: string,
): readonly (number | string)[] {
  return record.measurements[measure]?.tables?.[table]?.[name] ?? [];
}

interface ShownPath {
  readonly encoder: EncoderName;
  readonly structure: string;
  readonly axis: string;
  readonly roundness: number;
  readonly trajectory: Trajectory;
}

/** The drawn paths of one run, with their roundness. */
function pathsOf({ encoder, record }: ProteinOutcome): ShownPath[] {
  if (record === null) return [];
  const of = (table: string, name: string) => column(record, 'trajectories', table, name);
  const numbers = (name: string) => of('points', name).map(Number);
  const [angles, xs, ys] = [numbers('angle'), numbers('x'), numbers('y')];
  const keys = of('points', 'structure').map(
    (structure, i) => `${structure} ${of('points', 'axis')[i] ?? ''}`,
  );
  return of('paths', 'structure').flatMap((name, i) => {
    const structure = String(name);
    const axis = String(of('paths', 'axis')[i]);
    const rows = keys.flatMap((key, row) => (key === `${structure} ${axis}` ? [row] : []));
    if (rows.length === 0) return [];
    const roundness = Number(of('paths', 'roundness')[i]);
    const points = rows.map((row) => ({ x: xs[row] ?? NaN, y: ys[row] ?? NaN, angle: angles[row] ?? NaN }));
    const label = ENCODER_LABELS[encoder];
    const trajectory = {
      title: `${label}, ${axis} axis: ${brief(roundness, 2)}`,
      method: label,
      points,
      run: record.id,
    };
    return [{ encoder, structure, axis, roundness, trajectory }];
  });
}

/** The paths of the first seed of each encoder. */
function shownPaths(results: ProteinResults): readonly ShownPath[] {
  return encodersOf(results).flatMap((encoder) =>
    mainOutcomes(results, encoder).slice(0, 1).flatMap(pathsOf),
  );
}

/** The structures whose paths are drawn. */
export function shownStructures(results: ProteinResults): readonly string[] {
  return [...new Set(shownPaths(results).map(({ structure }) => structure))];
}

/** Panels on a scale of their own for each encoder: paths of invariant encoders would be points on a common one. */
function pathPanels(paths: readonly ShownPath[], size?: number): Panel[] {
  const encoders = [...new Set(paths.map(({ encoder }) => encoder))];
  return encoders.flatMap((encoder) => {
    const own = paths.filter((path) => path.encoder === encoder).map(({ trajectory }) => trajectory);
    return trajectoryPanels(own, size === undefined ? {} : { size });
  });
}

function pathTable(paths: readonly ShownPath[], title: string): TableBlock {
  return {
    type: 'table',
    title,
    columns: [
      { key: 'encoder', title: 'encoder', kind: 'text' },
      { key: 'structure', title: 'structure', kind: 'text' },
      { key: 'axis', title: 'axis', kind: 'text' },
      { key: 'roundness', title: 'roundness', kind: 'number' },
      { key: 'run', title: 'run', kind: 'text' },
    ],
    rows: paths.map(({ encoder, structure, axis, roundness, trajectory }) => ({
      encoder: ENCODER_LABELS[encoder],
      structure,
      axis,
      roundness: Number(roundness.toFixed(3)),
      run: trajectory.run ?? '',
    })),
  };
}

/** Means of a quantity, encoder by encoder, as the end of a sentence. */
function comparedMeans(
  results: ProteinResults,
  quantity: Quantity,
  encoders: readonly EncoderName[],
): string {
  const parts = encoders.flatMap((encoder) => {
    const values = seedValues(results, encoder, quantity);
    return values.length === 0 ? [] : [`${ENCODER_LABELS[encoder]} ${brief(mean(values), 2)}`];
  });
  return parts.length === 0 ? NOT_RUN : parts.join(', ');
}

/** Paths in words, for readers who cannot see them. */
function describePaths(paths: readonly ShownPath[]): string {
  if (paths.length === 0) return 'No path: not run.';
  return paths.map(({ trajectory }) => `${trajectory.title}: ${describePath(trajectory)}`).join(' ');
}

/** Paths of one held-out structure: rows are encoders, columns the three axes (Figures 3 and 17 to 20). */
export function trajectoryFigure(results: ProteinResults, structure: string): FigureBlock {
  const paths = shownPaths(results).filter((path) => path.structure === structure);
  const first = paths[0]?.structure === shownStructures(results)[0];
  const best = [...new Set(paths.map(({ encoder }) => encoder))]
    .map((encoder) => ({
      encoder,
      value: mean(paths.filter((path) => path.encoder === encoder).map(({ roundness }) => roundness)),
    }))
    .sort((a, b) => b.value - a.value);
  const order = best.map(({ encoder, value }) => `${ENCODER_LABELS[encoder]} ${brief(value, 2)}`).join(', ');
  return {
    type: 'figure',
    id: `trajectories-${structure.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`,
    title: `Turning ${structure}: the roundest paths are those of ${best[0] === undefined ? 'no encoder' : ENCODER_LABELS[best[0].encoder]}`,
    paperPlace: first ? 'Figure 3' : 'Figures 17 to 20',
    panels: pathPanels(paths),
    // Two encoders beside each other, three axes each, and one where there is less room.
    columns: 6,
    ...(first
      ? {
          paperShows: 'Nearly perfect circles for CARE, and paths without form for SimCLR, L_unif and L_inv.',
          differs:
            'Each encoder of ours has its own scale, since the path of an almost invariant encoder is a point on the scale of another. ' +
            'The paper names neither its structures, nor n, nor its weight of L_equi. L_unif+L_equi and the untrained encoder are additions.',
        }
      : {}),
    weSee: `Mean roundness over the three axes of this structure: ${order}. The number above each panel is its roundness.`,
    alt: describePaths(paths),
    data: pathTable(paths, `Roundness of the paths of ${structure}`),
  };
}

/** One path an encoder, for the first screen. */
export function heroFigure(results: ProteinResults): FigureBlock {
  const [structure] = shownStructures(results);
  const paths = shownPaths(results).filter((path) => path.structure === structure && path.axis === 'z');
  const title = `Roundness over all held-out paths: ${comparedMeans(results, QUANTITIES.roundness, encodersOf(results))}`;
  return {
    type: 'figure',
    id: 'hero',
    title,
    paperPlace: 'Figure 3',
    panels: pathPanels(paths),
    columns: 6,
    weSee: `The embedding of ${structure ?? 'no structure'} while it turns once about the z axis, first seed, each encoder on its own scale. Above each panel: the roundness of that path.`,
    alt: describePaths(paths),
    data: pathTable(paths, 'Roundness of the paths on the first screen'),
  };
}

function dotsOf(results: ProteinResults, quantity: Quantity): Dot[] {
  return encodersOf(results).flatMap((encoder) =>
    mainOutcomes(results, encoder).flatMap(({ record, seed }) => {
      const value = estimateOf(record, quantity)?.value;
      if (value === undefined || record === null) return [];
      return [{ method: ENCODER_LABELS[encoder], value, seed, run: record.id }];
    }),
  );
}

function dotInput(
  results: ProteinResults,
  quantity: Quantity,
  references: readonly ReferenceLevel[] = [],
): DotPlotInput {
  const unit = quantity.unit === undefined ? '' : ` (${quantity.unit})`;
  return {
    dots: dotsOf(results, quantity),
    xTitle: `${quantity.title}${unit}`,
    methods: encodersOf(results).map((encoder) => ENCODER_LABELS[encoder]),
    dotIs: 'pretraining seed',
    references,
    scale: quantity.scale ?? 'linear',
    zero: quantity.scale !== 'log',
  };
}

/** A quantity of all encoders: seeds as dots with their mean. */
function quantityPanel(
  results: ProteinResults,
  quantity: Quantity,
  references: readonly ReferenceLevel[] = [],
): Panel {
  return { title: quantity.title, spec: dotPlot({ ...dotInput(results, quantity, references), width: 430 }) };
}

/** Mean and standard deviation over seeds of several quantities, an encoder a row. */
export function quantityTable(
  results: ProteinResults,
  title: string,
  quantities: readonly Quantity[],
): TableBlock {
  const columns: TableColumn[] = quantities.map(({ estimate, title: name, unit }) => ({
    key: estimate,
    title: name,
    // Aligned at the decimal point, spread and all.
    kind: 'number',
    source: 'ours',
    ...(unit === undefined ? {} : { unit }),
  }));
  const found = encodersOf(results).map((encoder) => ({
    encoder,
    cells: quantities.map((quantity) => seedValues(results, encoder, quantity)),
  }));
  const sizes = [...new Set(found.flatMap(({ cells }) => cells.map(({ length }) => length)))];
  const [n = 0, ...others] = sizes.filter((size) => size > 0);
  // One n for all stands in the caption; several stand with their numbers.
  const text = (values: readonly number[]): string =>
    others.length === 0 ? formatValues(values).replace(/ \(n = .*\)$/, '') : formatValues(values);
  const rows = found.map(({ encoder, cells }) => ({
    encoder: ENCODER_LABELS[encoder],
    ...Object.fromEntries(
      quantities.map(({ estimate }, i) => {
        const values = cells[i] ?? [];
        return [estimate, values.length === 0 ? NOT_RUN : text(values)];
      }),
    ),
  }));
  return {
    type: 'table',
    title,
    columns: [{ key: 'encoder', title: 'encoder', kind: 'text' }, ...columns],
    rows,
    caption: `Mean \u00b1 sample standard deviation over pretraining seeds${n > 0 && others.length === 0 ? ` (n = ${n})` : ''}, profile ${results.plan.choice.profile}.`,
  };
}

/** The number behind the trajectories. */
export function roundnessFigure(results: ProteinResults): FigureBlock {
  const input = dotInput(results, QUANTITIES.roundness, [{ value: 1, label: 'circle' }]);
  const radius = dotInput(results, QUANTITIES.radius);
  return {
    type: 'figure',
    id: 'roundness',
    title: `How round the paths are, and how far they go: ${comparedMeans(results, QUANTITIES.roundness, ['care', 'simclr'])}`,
    paperPlace: 'Figure 3, which gives no number',
    panels: [
      { title: 'Roundness', spec: dotPlot({ ...input, width: 430 }) },
      { title: 'Size', spec: dotPlot({ ...radius, width: 430 }) },
    ],
    columns: 2,
    weSee:
      'Roundness is 1 for a circle traversed at constant speed once or twice, 2ab/(a\u00b2 + b\u00b2) for an ellipse with half-axes a and b, 0 for a line or a point. ' +
      'The size tells a path from noise: 1 means that turning one structure moves the embedding as far as going to another structure.',
    alt: `${describeDots(input)} ${describeDots(radius)}`,
    data: quantityTable(results, 'Paths of held-out structures', [QUANTITIES.roundness, QUANTITIES.radius]),
  };
}

/** Figure 4: the first principal component read from the frozen embedding. */
export function axisFigure(results: ProteinResults): FigureBlock {
  const first = recordsOf(results)[0] ?? null;
  const level = (estimate: string, label: string): ReferenceLevel[] => {
    const value = first?.measurements.axis?.estimates[estimate]?.value;
    return value === undefined ? [] : [{ value, label }];
  };
  const references = [...level('chance', 'chance')];
  const order = encodersOf(results)
    .map((encoder) => ({ encoder, value: mean(seedValues(results, encoder, QUANTITIES.axisLinear)) }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => a.value - b.value);
  const linear = dotInput(results, QUANTITIES.axisLinear, references);
  const mlp = dotInput(results, QUANTITIES.axisMlp, references);
  const care = order.findIndex(({ encoder }) => encoder === 'care');
  return {
    type: 'figure',
    id: 'principal-component',
    title:
      care < 0
        ? 'Reading the principal component'
        : `CARE is number ${care + 1} of ${order.length} in keeping the principal component; best is ${ENCODER_LABELS[order[0]?.encoder ?? 'care']}`,
    paperPlace: 'Figure 4',
    panels: [
      { title: 'Linear readout', spec: dotPlot({ ...linear, width: 430 }) },
      { title: 'MLP readout', spec: dotPlot({ ...mlp, width: 430 }) },
    ],
    columns: 2,
    paperShows: 'CARE has the lowest error of CARE, SimCLR, L_unif and L_inv.',
    weSee:
      order.length === 0
        ? 'Not run.'
        : `Mean error with the linear readout: ${order.map(({ encoder, value }) => `${ENCODER_LABELS[encoder]} ${brief(value, 3)}`).join(', ')} degrees.`,
    differs:
      'The paper does not say how it treats the sign of the component; ours predicts v v\u1d40, which has none, and measures the angle between lines. ' +
      'The untrained encoder is a control that the paper lacks.',
    alt: `${describeDots(linear)} ${describeDots(mlp)}`,
    data: dotTable(linear, 'Angle to the principal component, linear readout'),
  };
}

/** Equivariance and invariance side by side. */
export function geometryFigure(results: ProteinResults): FigureBlock {
  const shown = [
    QUANTITIES.gammaPooled,
    QUANTITIES.invariance,
    QUANTITIES.wahbaRelative,
    QUANTITIES.steering,
  ];
  return {
    type: 'figure',
    id: 'geometry',
    title: `Wahba\u2019s error relative to the movement: ${comparedMeans(results, QUANTITIES.wahbaRelative, ['care', 'simclr', 'untrained'])}`,
    paperPlace: 'Figures 5 and 8, there on CIFAR10',
    panels: shown.map((quantity) =>
      quantityPanel(
        results,
        quantity,
        quantity === QUANTITIES.wahbaRelative || quantity === QUANTITIES.steering
          ? [{ value: 1, label: 'no better than R = I' }]
          : [],
      ),
    ),
    columns: 2,
    weSee:
      'gamma_f compares how much distances change with how far the embeddings move, so it says little about an encoder that hardly moves: ' +
      'read it beside the invariance loss. Below 1, Wahba\u2019s relative error means that one rotation explains part of the movement; the steering error is the same for structures that the rotation was not fitted to.',
    alt: shown.map((quantity) => describeDots(dotInput(results, quantity))).join(' '),
    data: quantityTable(results, 'Geometry of the embeddings of held-out structures', [
      QUANTITIES.gamma,
      QUANTITIES.gammaPooled,
      QUANTITIES.invariance,
      QUANTITIES.wahba,
      QUANTITIES.wahbaRelative,
      QUANTITIES.steering,
      QUANTITIES.rank,
    ]),
  };
}

/** A number in so many significant digits; null where there is none. */
function cellOf(value: number | undefined, digits: number): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(digits));
}

function curvesOf(results: ProteinResults, metric: string): TrainingCurve[] {
  return results.outcomes
    .filter(({ variation }) => variation === null)
    .flatMap(({ encoder, seed, record }) => {
      const series = record?.series[metric];
      if (series === undefined || record === null) return [];
      return [{ method: ENCODER_LABELS[encoder], run: record.id, seed, ...series }];
    });
}

/** What the terms did during training. */
export function learningFigure(results: ProteinResults): FigureBlock {
  const metrics = [
    { metric: 'infoNce', yTitle: 'InfoNCE (nats)', yScale: 'linear' },
    { metric: 'equivariance', yTitle: 'L_equi, without its weight', yScale: 'log' },
  ] as const;
  const inputs = metrics
    .map(({ metric, ...rest }) => ({ ...rest, curves: curvesOf(results, metric) }))
    .filter(({ curves }) => curves.length > 0);
  const rows = inputs.flatMap(({ yTitle, curves }) =>
    curves.map(({ method, seed, run, values }) => ({
      term: yTitle,
      encoder: method,
      seed: seed ?? null,
      first: cellOf(values[0], 4),
      last: cellOf(values.at(-1), 4),
      run: run ?? '',
    })),
  );
  return {
    type: 'figure',
    id: 'learning-curves',
    title: 'The losses over training, each seed a line',
    panels: inputs.map((input) => ({
      title: input.yTitle,
      spec: trainingChart({ ...input, width: 430, height: 240 }),
    })),
    columns: 2,
    alt: inputs.length === 0 ? 'No curve: not run.' : inputs.map(describeCurves).join(' '),
    data: {
      type: 'table',
      title: 'First and last value of each term',
      columns: [
        { key: 'term', title: 'term', kind: 'text' },
        { key: 'encoder', title: 'encoder', kind: 'text' },
        { key: 'seed', title: 'seed', kind: 'number' },
        { key: 'first', title: 'first', kind: 'number' },
        { key: 'last', title: 'last', kind: 'number' },
        { key: 'run', title: 'run', kind: 'text' },
      ],
      rows,
    },
  };
}

/** The value of a dotted setting in a configuration. */
function settingOf(config: unknown, setting: string): unknown {
  return setting
    .split('.')
    .reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], config);
}

/** The outcomes that tell how much a setting matters: those that vary it, and the main runs of the same seed. */
function varied(results: ProteinResults, setting: string): readonly ProteinOutcome[] {
  const variations = results.outcomes.filter(({ variation }) => variation?.setting === setting);
  const encoders = new Set(variations.map(({ encoder }) => encoder));
  const seeds = new Set(variations.map(({ seed }) => seed));
  const main = results.outcomes.filter(
    (o) => o.variation === null && encoders.has(o.encoder) && seeds.has(o.seed),
  );
  return [...main, ...variations];
}

const SENSITIVE: readonly Quantity[] = [
  QUANTITIES.roundness,
  QUANTITIES.axisLinear,
  QUANTITIES.wahbaRelative,
];

/** Settings that the plan varies. */
export function variedSettings({ plan }: ProteinResults): readonly string[] {
  return [...new Set(plan.runs.flatMap(({ variation }) => (variation === null ? [] : [variation.setting])))];
}

/** How much a setting that the paper leaves open matters, as a table: every value that was tried. */
export function sensitivityTable(results: ProteinResults, setting: string): TableBlock {
  const chosen = results.plan.runs.find(({ variation }) => variation === null);
  return {
    type: 'table',
    title: `How much ${setting} matters (one seed each)`,
    columns: [
      { key: 'encoder', title: 'encoder', kind: 'text' },
      { key: 'setting', title: setting, kind: 'text' },
      ...SENSITIVE.map(({ estimate, title, unit }) => ({
        key: estimate,
        title,
        kind: 'number' as const,
        ...(unit === undefined ? {} : { unit }),
      })),
      { key: 'run', title: 'run', kind: 'text' },
    ],
    rows: varied(results, setting)
      .map(({ encoder, config, record }) => ({
        encoder: ENCODER_LABELS[encoder],
        setting: String(settingOf(config, setting)),
        ...Object.fromEntries(
          SENSITIVE.map((quantity) => [quantity.estimate, cellOf(estimateOf(record, quantity)?.value, 3)]),
        ),
        run: record?.id ?? NOT_RUN,
      }))
      .sort((a, b) => a.encoder.localeCompare(b.encoder) || Number(a.setting) - Number(b.setting)),
    caption: `The other figures use ${String(settingOf(chosen?.config, setting))}.`,
  };
}

/** The same as charts, for a setting that is a number. */
export function sensitivityFigure(results: ProteinResults, setting: string): FigureBlock {
  const outcomes = varied(results, setting);
  const chosen = Number(
    settingOf(results.plan.runs.find(({ variation }) => variation === null)?.config, setting),
  );
  const panels = SENSITIVE.map((quantity) => ({
    title: quantity.title,
    spec: sensitivityChart({
      dots: outcomes.flatMap(({ encoder, config, record }) => {
        const value = estimateOf(record, quantity)?.value;
        if (value === undefined || record === null) return [];
        return [
          {
            method: ENCODER_LABELS[encoder],
            setting: Number(settingOf(config, setting)),
            value,
            run: record.id,
          },
        ];
      }),
      xTitle: setting,
      yTitle: quantity.unit ?? quantity.axis ?? quantity.title,
      xScale: 'log',
      chosen,
    }),
  }));
  const table = sensitivityTable(results, setting);
  return {
    type: 'figure',
    id: `sensitivity-${setting.replace(/[^a-z]+/gi, '-').toLowerCase()}`,
    title: `How much ${setting} matters`,
    panels,
    columns: 3,
    weSee: `One seed each; the line marks the value of the other figures, ${chosen}.`,
    alt: table.rows
      .map(
        (row) =>
          `${String(row.encoder)} at ${String(row.setting)}: ${SENSITIVE.map(({ estimate, title }) => `${title} ${String(row[estimate] ?? NOT_RUN)}`).join(', ')}.`,
      )
      .join(' '),
    data: table,
  };
}

/** Every run that the report rests on. */
export function proteinProvenance(results: ProteinResults): ProvenanceBlock {
  return { type: 'provenance', records: recordsOf(results).map(withoutBulk) };
}

/** A record without the data of figures and curves, which stand with the figures: 40 records would weigh megabytes. */
function withoutBulk(record: RunRecord): RunRecord {
  const measurements = Object.entries(record.measurements).map(([name, { tables: _, ...measurement }]) => [
    name,
    measurement,
  ]);
  return {
    ...record,
    series: {},
    measurements: Object.fromEntries(measurements) as RunRecord['measurements'],
  };
}

/** An encoder's name as charts and tables show it. */
export function encoderLabel(encoder: EncoderName): string {
  return ENCODER_LABELS[encoder];
}
