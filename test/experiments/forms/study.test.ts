import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { formsSchema } from '../../../src/experiments/forms/config.js';
import {
  alikeForms,
  collectForms,
  formsReadiness,
  planForms,
  runForms,
} from '../../../src/experiments/forms/study.js';
import { formsModel, formsTraining, initialWeights } from '../../../src/experiments/forms/training.js';
import { cloudEncoder } from '../../../src/experiments/protein/encoder.js';
import { loadTask } from '../../../src/experiments/protein/task.js';
import type { StudyEvent } from '../../../src/experiments/study-event.js';
import { rowNorms } from '../../../src/measure/embeddings.js';
import { parseOverrides } from '../../../src/runs/configuration.js';
import { openStore } from '../../../src/runs/store.js';
import { startEngine } from '../../../src/tensorflow/engine.js';

vi.setConfig({ testTimeout: 180_000 });
startEngine({ intraOpThreads: 1, interOpThreads: 1 });

const folder = mkdtempSync(join(tmpdir(), 'care-forms-'));
/** A data folder without structures: the tests run on generated ones everywhere. */
const dataDir = join(folder, 'data');
mkdirSync(dataDir);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SETTINGS = [
  'data.limit=24',
  'data.points=16',
  'model.phi=8,16',
  'model.rho=16,8',
  'model.dim=4',
  'training.steps=4',
  'training.batch=16',
  'measures.augmentations=2',
];
const plan = planForms({ profile: 'smoke', preset: 'paper', overrides: parseOverrides(SETTINGS) });
const store = openStore(join(folder, 'runs'));

const IDENTITY = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/** Embeddings of a form's untrained encoder. */
function embedded(form: string) {
  const config = formsSchema.parse({ ...plan.runs[0]?.config, form });
  const task = loadTask(config, dataDir);
  const encoder = cloudEncoder(formsModel(config), config.model.dim, initialWeights(config), task.clouds);
  const found = encoder.embed(task.test, () => IDENTITY);
  encoder.dispose();
  return { found, config };
}

describe('the spaces of the forms', () => {
  it('are the sphere for the inner product and the symplectic form', () => {
    for (const form of ['inner', 'symplectic']) {
      for (const norm of rowNorms(embedded(form).found)) expect(norm).toBeCloseTo(1, 5);
    }
  });

  it('is the hyperboloid for Minkowski\u2019s, over a ball', () => {
    const { found, config } = embedded('minkowski');
    for (let row = 0; row < found.rows; row++) {
      const [time = NaN, ...places] = found.values.subarray(row * found.dim, (row + 1) * found.dim);
      const squared = places.reduce((sum, x) => sum + x * x, 0);
      expect(squared - time ** 2).toBeCloseTo(-1, 4);
      expect(time).toBeGreaterThan(0);
      expect(squared).toBeLessThan(config.model.radius ** 2);
    }
  });
});

describe('training', () => {
  const config = formsSchema.parse({ ...plan.runs[0]?.config, form: 'minkowski' });
  const task = loadTask(config, dataDir);

  it('lowers the loss, which is its terms with their weights', () => {
    const longer = { ...config, training: { ...config.training, steps: 60 } };
    const { program, inputsAt } = formsTraining(longer, task.clouds, task.train, 'chained');
    const losses = Array.from({ length: 60 }, (_, step) => {
      const { outputs } = { outputs: program.run('step', inputsAt(step)) };
      return Object.fromEntries(
        Object.entries(outputs).map(([name, { values }]) => [name, values[0] ?? NaN]),
      );
    });
    program.dispose();
    for (const { loss, uniformity = NaN, isotropy = NaN, equivariance = NaN } of losses) {
      const { isotropy: weight, lambda } = config.training;
      expect(loss).toBeCloseTo(uniformity + weight * isotropy + lambda * equivariance, 3);
    }
    expect(losses.at(-1)?.['loss']).toBeLessThan((losses[0]?.['loss'] ?? NaN) - 0.5);
  });

  it('without the term takes no chunked views', () => {
    const without = { ...config, training: { ...config.training, lambda: 0 } };
    const { program, inputsAt, viewsPerStep } = formsTraining(without, task.clouds, task.train, 'chained');
    expect(Object.keys(program.run('step', inputsAt(0)))).not.toContain('equivariance');
    expect(viewsPerStep).toBe(config.training.batch);
    program.dispose();
  });

  it('refuses a batch that does not fit', () => {
    const cut = { ...config, training: { ...config.training, batch: 15 } };
    expect(() => formsTraining(cut, task.clouds, task.train, 'chained')).toThrow(/cannot be cut into/);
    const large = { ...config, training: { ...config.training, batch: 1000 } };
    expect(() => formsTraining(large, task.clouds, task.train, 'chained')).toThrow(/larger than the/);
  });
});

describe('the study', () => {
  it('trains and measures every form with the term and without, and nothing the second time', async () => {
    expect(formsReadiness(plan, { store, dataDir }).runs).toEqual(new Array(6).fill('to train'));
    const { outcomes } = await runForms(plan, { store, dataDir });
    for (const { record } of outcomes) {
      const estimates = record?.measurements['preserved']?.estimates ?? {};
      for (const name of ['gram', 'defect', 'unseen', 'size'])
        expect(estimates[name]?.value).toBeGreaterThan(0);
      expect(estimates['gram']).toMatchObject({ n: 2, kind: 'trials' });
    }
    const events: StudyEvent[] = [];
    await runForms(plan, { store, dataDir, onEvent: (event) => events.push(event) });
    expect(new Set(events.map(({ phase }) => phase))).toEqual(new Set(['ready']));
    expect(formsReadiness(plan, { store, dataDir }).runs).toEqual(new Array(6).fill('ready'));
  });

  it('finds its runs again by their configuration, and knows which cost alike', async () => {
    await runForms(plan, { store, dataDir });
    const records = store.list().flatMap((entry) => ('record' in entry ? [entry.record] : []));
    const { outcomes } = collectForms(plan, records);
    expect(outcomes.map(({ record }) => record?.label)).toEqual(plan.runs.map(({ label }) => label));
    const [withTerm, without] = plan.runs;
    const own = outcomes[0]?.record;
    if (withTerm === undefined || without === undefined || own === undefined || own === null)
      throw new Error('no run');
    expect(alikeForms(withTerm, own)).toBe(true);
    expect(alikeForms(without, own)).toBe(false);
  });
});
