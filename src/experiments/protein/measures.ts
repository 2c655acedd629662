/**
 * What is measured on a protein encoder, on held-out structures. All encoders see the same rotations, so that they can be
 * compared trial by trial.
 *
 * A measurement's key holds a hash of this file and of all that it imports: it is made anew when they change.
 */
import { axisRotation, MATRIX_SIZE, randomRotation } from '../../augment/rotations.js';
import { principalComponent } from '../../data/principal-axis.js';
import { axisReadout, type AxisReadoutData } from '../../measure/axis-readout.js';
import { effectiveRank } from '../../measure/effective-rank.js';
import type { EmbeddingPair } from '../../measure/embeddings.js';
import { gammaF, invarianceLoss } from '../../measure/gamma.js';
import { positiveCosine } from '../../measure/positive-cosine.js';
import { roundness } from '../../measure/roundness.js';
import { estimateOver, mean } from '../../measure/statistics.js';
import { steeringTrials } from '../../measure/steering.js';
import { measureTrajectory } from '../../measure/trajectory.js';
import { uniformityOf } from '../../measure/uniformity-of.js';
import { wahbaTrials } from '../../measure/wahba.js';
import type { Estimate, Measurement } from '../../runs/record.js';
import { randomStream } from '../../tensorflow/random.js';
import type { ProteinEncoder } from './encoder.js';
import type { MeasureConfig } from './settings.js';
import type { ProteinTask } from './task.js';

/** What a measure finds; name, settings, key and time are added by whoever asked for it. */
export type Findings = Pick<Measurement, 'estimates' | 'tables'>;

/** What random numbers are for: the first counter of their stream. */
const PURPOSE = { augmentations: 1, structures: 2, orientations: 3 } as const;
const IDENTITY = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
/** Stands for the radius of a path where all structures have the same embedding: a record holds finite numbers. */
const LARGEST_RATIO = 1e6;
const AXES = ['x', 'y', 'z'] as const;

const plain = (value: number): Estimate => ({ value });

/** Embeddings of the held-out structures before and after each of several rotations, one rotation for all of them. */
function turnedPairs(encoder: ProteinEncoder, task: ProteinTask, config: MeasureConfig): EmbeddingPair[] {
  const from = encoder.embed(task.test, () => IDENTITY);
  return Array.from({ length: config.augmentations }, (_, trial) => {
    const rotation = randomRotation(randomStream(config.seed, PURPOSE.augmentations, trial));
    return { from, to: encoder.embed(task.test, () => rotation) };
  });
}

/**
 * gamma_f, invariance loss, Wahba's error and steering over random rotations (section 2 of the paper's measures), and
 * effective rank and uniformity as signs of collapse.
 */
export function geometry(encoder: ProteinEncoder, task: ProteinTask, config: MeasureConfig): Findings {
  const pairs = turnedPairs(encoder, task, config);
  const from = pairs[0]?.from ?? encoder.embed(task.test, () => IDENTITY);
  const gamma = gammaF(pairs, { seed: config.seed });
  const { trials, ...wahba } = wahbaTrials(pairs, { group: 'SO' });
  const steering = steeringTrials(pairs, { group: 'SO', seed: config.seed });
  const cosines = pairs.map((pair) => positiveCosine(pair.from, pair.to).mean.value);
  return {
    estimates: {
      gamma: gamma.gamma,
      gammaPooled: gamma.pooled,
      invariance: invarianceLoss(pairs),
      wahbaError: wahba.error,
      wahbaRms: wahba.rms,
      wahbaRelative: wahba.relative,
      wahbaWorst: plain(wahba.worst.error),
      steeringRelative: steering.unseen.relative,
      positiveCosine: estimateOver(cosines, 'trials'),
      effectiveRank: plain(effectiveRank(from).value),
      uniformity: plain(uniformityOf(from)),
    },
    tables: {
      trials: {
        trial: trials.map((_, i) => i),
        gamma: gamma.perAugmentation,
        wahbaError: trials.map(({ error }) => error),
        wahbaRelative: trials.map(({ relative }) => relative),
        steeringRelative: steering.trials.map(({ unseen }) => unseen.relative),
      },
    },
  };
}

interface Path {
  readonly structure: string;
  readonly axis: string;
  readonly x: number[];
  readonly y: number[];
  readonly roundness: number;
  readonly harmonic: number;
  readonly roundnessInSpace: number;
  readonly relativeRadius: number;
}

/** The path of one structure's embedding while the structure turns about one axis. */
function pathOf(
  encoder: ProteinEncoder,
  task: ProteinTask,
  config: MeasureConfig,
  structure: number,
  axis: 0 | 1 | 2,
  across: EmbeddingPair['from'],
): Path {
  const turn = (row: number) => axisRotation(axis, (2 * Math.PI * row) / config.angles);
  const path = encoder.embed(new Array<number>(config.angles).fill(structure), turn);
  const { plane, full, size } = measureTrajectory(path, across);
  // A cloud looks much the same after half a turn, so that a perfect answer may go round twice: both count as round.
  const rounds = [1, 2].map((harmonic) => roundness(plane.projection, { harmonic }));
  const harmonic = (rounds[0]?.share ?? 0) >= (rounds[1]?.share ?? 0) ? 1 : 2;
  const found = rounds[harmonic - 1];
  return {
    structure: task.set.names[structure] ?? String(structure),
    axis: AXES[axis],
    x: Array.from({ length: path.rows }, (_, i) => plane.projection[2 * i] ?? NaN),
    y: Array.from({ length: path.rows }, (_, i) => plane.projection[2 * i + 1] ?? NaN),
    roundness: found?.roundness ?? NaN,
    harmonic,
    roundnessInSpace: full.roundness,
    relativeRadius: Math.min(size.relative, LARGEST_RATIO),
  };
}

/** Held-out structures in the order in which they are taken for trajectories. */
function trajectoryStructures(task: ProteinTask, config: MeasureConfig): readonly number[] {
  const wanted = Math.max(config.roundnessStructures, config.shownStructures);
  return randomStream(config.seed, PURPOSE.structures).shuffle(task.test).slice(0, wanted);
}

const rounded = (value: number) => Number(value.toPrecision(5));

/** Trajectories under rotation about three orthogonal axes, and how round they are (Figures 3 and 17 to 20). */
export function trajectories(encoder: ProteinEncoder, task: ProteinTask, config: MeasureConfig): Findings {
  const structures = trajectoryStructures(task, config);
  const across = encoder.embed(task.test, () => IDENTITY);
  const paths = structures.flatMap((structure) =>
    ([0, 1, 2] as const).map((axis) => pathOf(encoder, task, config, structure, axis, across)),
  );
  const shown = paths.slice(0, 3 * config.shownStructures);
  const points = shown.flatMap(({ structure, axis, x, y }) =>
    x.map((value, i) => ({ structure, axis, angle: (360 * i) / config.angles, x: value, y: y[i] ?? NaN })),
  );
  const perStructure = (value: (path: Path) => number) =>
    structures.map((_, i) => mean(paths.slice(3 * i, 3 * i + 3).map(value)));
  return {
    estimates: {
      roundness: estimateOver(
        perStructure((path) => path.roundness),
        'structures',
      ),
      roundnessInSpace: estimateOver(
        perStructure((path) => path.roundnessInSpace),
        'structures',
      ),
      relativeRadius: estimateOver(
        perStructure((path) => path.relativeRadius),
        'structures',
      ),
      turnsOnce: plain(mean(paths.map(({ harmonic }) => (harmonic === 1 ? 1 : 0)))),
    },
    tables: {
      paths: {
        structure: paths.map(({ structure }) => structure),
        axis: paths.map(({ axis }) => axis),
        roundness: paths.map((path) => path.roundness),
        harmonic: paths.map(({ harmonic }) => harmonic),
        relativeRadius: paths.map(({ relativeRadius }) => relativeRadius),
      },
      points: {
        structure: points.map(({ structure }) => structure),
        axis: points.map(({ axis }) => axis),
        angle: points.map(({ angle }) => angle),
        x: points.map(({ x }) => rounded(x)),
        y: points.map(({ y }) => rounded(y)),
      },
    },
  };
}

/** `R v` of a row-major 3 x 3 matrix and a vector. */
function rotated(rotation: Float32Array, [x, y, z]: readonly [number, number, number]): number[] {
  return [0, 1, 2].map(
    (i) => (rotation[3 * i] ?? NaN) * x + (rotation[3 * i + 1] ?? NaN) * y + (rotation[3 * i + 2] ?? NaN) * z,
  );
}

/** Embeddings of every structure in several random orientations, with the principal component in each. */
function orientedViews(encoder: ProteinEncoder, task: ProteinTask, config: MeasureConfig): AxisReadoutData {
  const size = task.set.points * 3;
  const components = new Map(
    [...task.train, ...task.test].map((structure) => {
      const cloud = task.set.coordinates.subarray(structure * size, (structure + 1) * size);
      return [structure, principalComponent(cloud)] as const;
    }),
  );
  const hasAxis = (structure: number) => (components.get(structure)?.gap ?? 0) >= config.leastGap;
  const train = task.train.filter(hasAxis);
  const rows = [
    ...train.flatMap((structure) => new Array<number>(config.trainOrientations).fill(structure)),
    ...task.test
      .filter(hasAxis)
      .flatMap((structure) => new Array<number>(config.testOrientations).fill(structure)),
  ];
  const stream = randomStream(config.seed, PURPOSE.orientations);
  const rotations = rows.map(() => randomRotation(stream));
  const axisOf = (structure: number) => components.get(structure)?.axis ?? ([NaN, NaN, NaN] as const);
  const learnt = train.length * config.trainOrientations;
  const unturned = new Float32Array(MATRIX_SIZE);
  return {
    embeddings: encoder.embed(rows, (row) => rotations[row] ?? unturned),
    axes: rows.flatMap((structure, row) => rotated(rotations[row] ?? unturned, axisOf(structure))),
    structures: rows,
    train: Array.from({ length: learnt }, (_, i) => i),
    test: Array.from({ length: rows.length - learnt }, (_, i) => learnt + i),
  };
}

/** How well the first principal component can be read out of the frozen embedding (Figure 4). */
export function axis(encoder: ProteinEncoder, task: ProteinTask, config: MeasureConfig): Findings {
  const data = orientedViews(encoder, task, config);
  const seeds = config.classifierSeeds;
  const linear = axisReadout(data, { readout: 'linear', seeds });
  const mlp = axisReadout(data, { readout: 'mlp', seeds });
  const degrees = (value: number): Estimate => ({ value, unit: 'degrees' });
  return {
    estimates: {
      linear: linear.error,
      linearAcrossStructures: linear.acrossStructures,
      mlp: mlp.error,
      mlpAcrossStructures: mlp.acrossStructures,
      chance: degrees(linear.baselines.random),
      constant: degrees(linear.baselines.constant),
      permuted: degrees(linear.baselines.permuted),
    },
    tables: {
      structures: {
        structure: linear.perStructure.map(
          ({ structure }) => task.set.names[Number(structure)] ?? String(structure),
        ),
        linear: linear.perStructure.map((item) => item.degrees),
        mlp: mlp.perStructure.map((item) => item.degrees),
      },
    },
  };
}

/** The measures of the experiment, by the names under which records keep them. */
export const PROTEIN_MEASURES = { geometry, trajectories, axis } as const;
export type ProteinMeasureName = keyof typeof PROTEIN_MEASURES;
