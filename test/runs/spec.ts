import type { Environment } from '../../src/runs/record.js';
import type { RunSpec } from '../../src/runs/store.js';

/** A specification of a run for the tests. */
export function someSpec(change: Partial<RunSpec> = {}): RunSpec {
  return {
    experiment: 'protein',
    label: 'CARE seed 0',
    profile: 'smoke',
    preset: 'paper',
    config: { steps: 20, lambda: 0.01, optimizer: { rate: 0.001 }, seeds: [0, 1] },
    seeds: { training: 0 },
    data: { name: 'generated chains', generated: true, sha256: 'ab'.repeat(32), files: 0, items: 12 },
    code: { version: '0.1.0', commit: null, clean: null, trainingHash: 'cd'.repeat(32) },
    execution: 'chained',
    plannedSteps: 20,
    ...change,
  };
}

export const someEnvironment: Environment = {
  node: '20.19.0',
  platform: 'linux x64',
  cpu: 'Some CPU',
  cores: 2,
  memoryBytes: 8 * 2 ** 30,
  backend: 'tensorflow',
  tfjs: '4.22.0',
  tensorflow: '2.18.0',
  device: 'cpu',
  intraOpThreads: 2,
  interOpThreads: 1,
  oneDnn: true,
};
