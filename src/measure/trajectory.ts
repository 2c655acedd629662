import { checkEmbeddings, spread, type Embeddings } from './embeddings.js';
import { principalComponents, type PrincipalComponents } from './pca.js';
import { roundness, roundnessInSpace, type PlaneRoundness, type Roundness } from './roundness.js';

/** The size of a trajectory. */
export interface TrajectoryRadius {
  /** Root mean square distance of the trajectory's embeddings from their mean, in the full embedding space. */
  readonly radius: number;
  /** Root mean square distance of embeddings of different structures from their mean. */
  readonly spread: number;
  /**
   * `radius / spread`: about 1 when turning a structure moves its embedding as far as taking another structure. 0 when
   * neither is above 0, Infinity when only the spread is 0.
   */
  readonly relative: number;
}

/**
 * How large a trajectory is in the full embedding space, so that a tiny one that looks round in a zoomed plot is told
 * from a large one.
 *
 * @param path embeddings of one structure at equally spaced angles.
 * @param across embeddings of different structures.
 * @throws RangeError for fewer than two rows, different dimensions, or numbers that are not finite.
 */
export function trajectoryRadius(path: Embeddings, across: Embeddings): TrajectoryRadius {
  checkEmbeddings('trajectoryRadius', 'path', path);
  checkEmbeddings('trajectoryRadius', 'across', across);
  if (path.dim !== across.dim) {
    throw new RangeError(
      `trajectoryRadius: path has ${path.dim} dimensions and across ${across.dim}; both must come from one encoder.`,
    );
  }
  const radius = spread(path);
  const acrossSpread = spread(across);
  return { radius, spread: acrossSpread, relative: radius === 0 ? 0 : radius / acrossSpread };
}

/** All that is measured of one trajectory. */
export interface Trajectory {
  /** Projection to the plane of largest variance, for the plot. */
  readonly plane: PrincipalComponents;
  /** Roundness of the projected path. */
  readonly projected: PlaneRoundness;
  /** Roundness in the full space; its `share` is the fraction of the variance in harmonic 1. */
  readonly full: Roundness;
  readonly size: TrajectoryRadius;
}

/**
 * Measures the trajectory of one structure's embedding under rotations about one axis (figures 3 and 17 to 20).
 *
 * @param path embeddings at equally spaced angles over 360 degrees, in order, at least two-dimensional.
 * @param across embeddings of different structures.
 * @throws RangeError as {@link trajectoryRadius}, principalComponents and roundness do.
 */
export function measureTrajectory(path: Embeddings, across: Embeddings): Trajectory {
  const size = trajectoryRadius(path, across);
  const plane = principalComponents(path, 2);
  return {
    plane,
    projected: roundness(plane.projection),
    full: roundnessInSpace(path.values, path.dim),
    size,
  };
}
