/** The proteins of a run, and which of them are held out. */
import { splitByStructure } from '../../data/groups.js';
import type { PointCloudSet } from '../../data/point-clouds.js';
import { proteinClouds } from '../../data/protein-clouds.js';
import { dataProvenance } from '../../data/provenance.js';
import type { DataProvenance } from '../../runs/record.js';
import type { DataManifest } from '../../runs/store.js';
import type { TensorData } from '../../tensorflow/tensor-data.js';
import type { TrainingConfig } from './config.js';
import { cloudTensor } from './training.js';

export interface ProteinTask {
  readonly set: PointCloudSet;
  readonly clouds: TensorData;
  readonly train: readonly number[];
  readonly test: readonly number[];
  readonly provenance: DataProvenance;
  readonly manifest: DataManifest;
}

/**
 * Loads the structures of a configuration, or generates some where there are none, and splits them.
 *
 * @param dataDir - the data folder; default: `CARE_DATA_DIR` and the places where the loader looks.
 */
export function loadTask({ data }: Pick<TrainingConfig, 'data'>, dataDir?: string): ProteinTask {
  const set = proteinClouds({
    points: data.points,
    atoms: data.atoms,
    scale: data.scale,
    seed: data.seed,
    ...(data.limit === null ? {} : { limit: data.limit }),
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  const { train, test } = splitByStructure(set, { seed: data.seed, testFraction: data.testFraction });
  const { name, generated, sha256, files } = set;
  return {
    set,
    clouds: cloudTensor(set.coordinates, set.points),
    train,
    test,
    provenance: dataProvenance(set),
    manifest: { name, generated, sha256, files, items: set.names.length },
  };
}
