/** The protein experiment's figures, tables and claims, as blocks: from records alone, with no number of their own. */
import type { EncoderName } from '../experiments/protein/config.js';
import { ENCODER_LABELS } from '../experiments/protein/labels.js';
import type { ProteinOutcome, ProteinPlan, ProteinResults } from '../experiments/protein/study.js';
import type { RunRecord } from '../runs/record.js';
import type { FigureBlock, Panel, ProvenanceBlock, TableBlock } from './blocks.js';
import { describeDots, dotPlot, dotTable, type ReferenceLevel } from './charts/dots.js';
import { brief, mean } from './charts/statistics.js';
import { describePath, trajectoryPanels, type Trajectory } from './charts/trajectory.js';
import {
  comparedMeans,
  ranking,
  recordsOf,
  seedValues as valuesOf,
  type Compared,
  type Quantity,
} from './compared.js';
import { curveParts, dotInput, quantityPanel, quantityTable as tableOf } from './compared-figures.js';
import { provenanceOf } from './provenance-block.js';
import {
  sensitivityFigure as settingFigure,
  sensitivityTable as settingTable,
  variedSettings as settingsVaried,
  type SensitivityInput,
} from './sensitivity.js';

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

export { estimateOf, type Quantity } from './compared.js';

/** The main comparison of the experiment. The paper leaves n, the network, the optimiser and lambda open: no run can have its setting. */
export function comparedEncoders({ plan, outcomes }: ProteinResults): Compared {
  return {
    noun: 'encoder',
    methods: encodersOf(plan).map(encoderLabel),
    runs: outcomes
      .filter(({ variation }) => variation === null)
      .map(({ encoder, seed, record }) => ({ method: encoderLabel(encoder), seed, record })),
    profile: plan.choice.profile,
    sameSetting: false,
  };
}

/** The outcomes of the main comparison of one encoder that have a record, in the order of their seeds. */
function mainOutcomes(results: ProteinResults, encoder: EncoderName): readonly ProteinOutcome[] {
  return results.outcomes.filter((o) => o.encoder === encoder && o.variation === null && o.record !== null);
}

/** Values of a quantity, one a pretraining seed. */
export function seedValues(
  results: ProteinResults,
  encoder: EncoderName,
  quantity: Quantity,
): readonly number[] {
  return valuesOf(comparedEncoders(results), encoderLabel(encoder), quantity);
}

/** The encoders of a plan, in its order. */
function encodersOf(plan: ProteinPlan): readonly EncoderName[] {
  return [...new Set(plan.runs.map(({ encoder }) => encoder))];
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
  return encodersOf(results.plan).flatMap((encoder) =>
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

/** Of the drawn paths of each encoder the one that is most like it: its roundness is nearest to the mean over all of them. */
function typicalPaths(results: ProteinResults): readonly ShownPath[] {
  const paths = shownPaths(results);
  return [...new Set(paths.map(({ encoder }) => encoder))].flatMap((encoder) => {
    const typical = mean(seedValues(results, encoder, QUANTITIES.roundness));
    const distance = ({ roundness }: ShownPath) => Math.abs(roundness - typical);
    const own = paths.filter((path) => path.encoder === encoder).sort((a, b) => distance(a) - distance(b));
    return own.slice(0, 1).map((path) => {
      const title = `${ENCODER_LABELS[encoder]}: ${brief(path.roundness, 2)}`;
      return { ...path, trajectory: { ...path.trajectory, title } };
    });
  });
}

/** One path an encoder, for the first screen. */
export function heroFigure(results: ProteinResults): FigureBlock {
  const paths = typicalPaths(results);
  const title = `Roundness over all held-out paths: ${comparedMeans(comparedEncoders(results), QUANTITIES.roundness)}`;
  return {
    type: 'figure',
    id: 'hero',
    title,
    paperPlace: 'Figure 3',
    panels: pathPanels(paths),
    columns: 6,
    weSee:
      'The embedding of a protein while it turns once, each panel on its own scale and of another protein or axis: of the paths of each encoder\u2019s first seed that are drawn below, the one whose roundness, above its panel, is nearest to the encoder\u2019s mean.',
    alt: describePaths(paths),
    data: pathTable(paths, 'Roundness of the paths on the first screen'),
  };
}

/** Mean and standard deviation over seeds of several quantities, an encoder a row. */
export function quantityTable(
  results: ProteinResults,
  title: string,
  quantities: readonly Quantity[],
): TableBlock {
  return tableOf(comparedEncoders(results), title, quantities);
}

/** The number behind the trajectories. */
export function roundnessFigure(results: ProteinResults): FigureBlock {
  const input = dotInput(comparedEncoders(results), QUANTITIES.roundness, [{ value: 1, label: 'circle' }]);
  const radius = dotInput(comparedEncoders(results), QUANTITIES.radius);
  return {
    type: 'figure',
    id: 'roundness',
    title: `How round the paths are, and how far they go: ${comparedMeans(comparedEncoders(results), QUANTITIES.roundness, ['CARE', 'SimCLR'])}`,
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
  const first = recordsOf(results.outcomes)[0] ?? null;
  const level = (estimate: string, label: string): ReferenceLevel[] => {
    const value = first?.measurements.axis?.estimates[estimate]?.value;
    return value === undefined ? [] : [{ value, label }];
  };
  const references = [...level('chance', 'chance')];
  const compared = comparedEncoders(results);
  const order = ranking(compared, QUANTITIES.axisLinear);
  const linear = dotInput(compared, QUANTITIES.axisLinear, references);
  const mlp = dotInput(compared, QUANTITIES.axisMlp, references);
  const care = order.findIndex(({ method }) => method === ENCODER_LABELS.care);
  return {
    type: 'figure',
    id: 'principal-component',
    title:
      care < 0
        ? 'Reading the principal component'
        : `CARE is number ${care + 1} of ${order.length} in keeping the principal component; best is ${order[0]?.method ?? ''}`,
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
        : `Mean error with the linear readout: ${order.map(({ method, value }) => `${method} ${brief(value, 3)}`).join(', ')} degrees.`,
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
    title: `Wahba\u2019s error relative to the movement: ${comparedMeans(comparedEncoders(results), QUANTITIES.wahbaRelative, ['CARE', 'SimCLR', 'untrained'])}`,
    paperPlace: 'Figures 5 and 8, there on CIFAR10',
    panels: shown.map((quantity) =>
      quantityPanel(
        comparedEncoders(results),
        quantity,
        quantity === QUANTITIES.wahbaRelative || quantity === QUANTITIES.steering
          ? { references: [{ value: 1, label: 'no better than R = I' }] }
          : {},
      ),
    ),
    columns: 2,
    weSee:
      'gamma_f compares how much distances change with how far the embeddings move, so it says little about an encoder that hardly moves: ' +
      'read it beside the invariance loss. Below 1, Wahba\u2019s relative error means that one rotation explains part of the movement; the steering error is the same for structures that the rotation was not fitted to.',
    alt: shown.map((quantity) => describeDots(dotInput(comparedEncoders(results), quantity))).join(' '),
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

/** What the terms did during training. */
export function learningFigure(results: ProteinResults): FigureBlock {
  return {
    type: 'figure',
    id: 'learning-curves',
    title: 'The losses over training, each seed a line',
    ...curveParts(comparedEncoders(results), [
      { metric: 'infoNce', yTitle: 'InfoNCE (nats)', yScale: 'linear' },
      { metric: 'equivariance', yTitle: 'L_equi, without its weight', yScale: 'log' },
    ]),
  };
}

function sensitivityOf(results: ProteinResults, setting: string): SensitivityInput {
  return {
    runs: results.outcomes.map((outcome) => ({ ...outcome, method: encoderLabel(outcome.encoder) })),
    setting,
    quantities: [QUANTITIES.roundness, QUANTITIES.axisLinear, QUANTITIES.wahbaRelative],
    noun: 'encoder',
  };
}

/** Settings that the plan varies. */
export function variedSettings({ plan }: ProteinResults): readonly string[] {
  return settingsVaried(plan.runs);
}

/** How much a setting that the paper leaves open matters, as a table: every value that was tried. */
export function sensitivityTable(results: ProteinResults, setting: string): TableBlock {
  return settingTable(sensitivityOf(results, setting));
}

/** The same as charts, for a setting that is a number. */
export function sensitivityFigure(results: ProteinResults, setting: string): FigureBlock {
  return settingFigure(sensitivityOf(results, setting));
}

/** Every run that the report rests on. */
export function proteinProvenance(results: ProteinResults): ProvenanceBlock {
  return provenanceOf(recordsOf(results.outcomes));
}

/** An encoder's name as charts and tables show it. */
export function encoderLabel(encoder: EncoderName): (typeof ENCODER_LABELS)[EncoderName] {
  return ENCODER_LABELS[encoder];
}
