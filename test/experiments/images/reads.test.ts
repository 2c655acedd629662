import { afterEach, describe, expect, it, vi } from 'vitest';
import { imageTraining } from '../../../src/experiments/images/training.js';
import { nativeBackend, startEngine } from '../../../src/tensorflow/engine.js';
import { noiseImages, tinyConfig } from './tiny.js';

startEngine({ intraOpThreads: 1, interOpThreads: 1 });
const backend = nativeBackend();

afterEach(() => {
  vi.restoreAllMocks();
});

/** Counts what is read back: every `dataSync` of tfjs ends in the backend's `readSync`. */
function countReads() {
  if (backend === null) throw new Error('There is no native backend.');
  return vi.spyOn(backend as unknown as { readSync: (id: object) => unknown }, 'readSync');
}

describe.skipIf(backend === null)('a step', () => {
  it.each(['chained', 'fast'] as const)('%s reads back nothing but what is asked for', (execution) => {
    const training = imageTraining(tinyConfig(), 'care', noiseImages(20), execution);
    const reads = countReads();
    for (let step = 0; step < 3; step++) training.program.run('step', training.inputsAt(step), []);
    expect(reads).toHaveBeenCalledTimes(0);
    const outputs = training.program.run('step', training.inputsAt(3));
    expect(outputs['loss']?.values[0]).toSatisfy(Number.isFinite);
    expect(reads).toHaveBeenCalledTimes(Object.keys(outputs).length);
    expect(training.program.run('step', training.inputsAt(4), ['loss'])).toHaveProperty('loss');
    expect(reads).toHaveBeenCalledTimes(Object.keys(outputs).length + 1);
    // So that the count of none above is no accident: the state does pass through here.
    training.program.readState();
    expect(reads.mock.calls.length).toBeGreaterThan(10);
    training.program.dispose();
  });

  it('is given the numbers of its images, not their pixels, where they lie on the device', () => {
    const training = imageTraining(tinyConfig(), 'care', noiseImages(20), 'chained');
    const { indices, pixels } = training.inputsAt(0);
    expect(indices).toHaveLength(8);
    expect(pixels).toBeUndefined();
    training.program.dispose();
  });
});
