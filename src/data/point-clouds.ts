/** One file that a data set was read from. */
export interface SourceFile {
  /** Name relative to the data folder. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A data set of point clouds, all of the same number of points, centred at the origin and scaled. */
export interface PointCloudSet {
  /** E.g. `PDB docking benchmark` or `generated chains`. */
  readonly name: string;
  /** True when no real data was found and the clouds were generated. */
  readonly generated: boolean;
  /** Name of each structure, e.g. `1AHW_l_u`. */
  readonly names: readonly string[];
  /** Points per cloud. */
  readonly points: number;
  /** `[names.length, points, 3]`, row-major. */
  readonly coordinates: Float32Array;
  /** Number of atoms each structure had before resampling. */
  readonly atoms: readonly number[];
  /**
   * Number of the group of each structure: structures of one complex or of similar sequence share one, and a split
   * keeps a group together. Absent: every structure is a group of its own.
   */
  readonly groups?: readonly number[];
  readonly files: readonly SourceFile[];
  /** sha256 over the sorted (name, bytes, sha256) of the files, or over the generator's settings. */
  readonly sha256: string;
  /** What was left out or repaired, one sentence each; shown to the reader. */
  readonly remarks: readonly string[];
}
