import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_FOLDER } from '../../src/cli/report-files.js';
import { IMAGE_METHODS } from '../../src/experiments/images/config.js';
import { METHOD_LABELS } from '../../src/experiments/images/labels.js';
import { imageMethod } from '../../src/experiments/images/method.js';
import { METHOD_NAMES } from '../../src/methods/methods.js';
import { tinyConfig } from './images/tiny.js';
import { EXPERIMENT_NAMES, EXPERIMENTS, experimentsNamed } from '../../src/experiments/experiments.js';
import { PROFILE_NAMES } from '../../src/runs/profiles.js';
import { UserError } from '../../src/runs/user-error.js';
import { methodStyle } from '../../src/report/theme.js';

describe('the experiments', () => {
  it('have a notebook each, and a name of their own', () => {
    expect(new Set(EXPERIMENT_NAMES).size).toBe(EXPERIMENT_NAMES.length);
    for (const name of EXPERIMENT_NAMES)
      expect(existsSync(join(PACKAGE_FOLDER, 'notebooks', `${name}.ipynb`)), name).toBe(true);
  });

  it.each(EXPERIMENTS.map((experiment) => [experiment.name, experiment] as const))(
    '%s can be planned at every profile, each run once, with what sets it apart in its label',
    (_, experiment) => {
      for (const profile of PROFILE_NAMES) {
        const { runs, choice } = experiment.plan({ profile, preset: 'paper' });
        expect(choice.profile).toBe(profile);
        expect(runs.length).toBeGreaterThan(2);
        expect(new Set(runs.map(({ label }) => label)).size).toBe(runs.length);
      }
    },
  );

  it('are found by name, in their own order, and a wrong one is met with the nearest', () => {
    const [first, second] = EXPERIMENT_NAMES;
    expect(experimentsNamed([second ?? '', first ?? '']).map(({ name }) => name)).toEqual([first, second]);
    expect(experimentsNamed([])).toEqual(EXPERIMENTS);
    const wrong = () => experimentsNamed(['cifar-colour-sensitivity']);
    expect(wrong).toThrow(/cifar-colour-sensitivity/);
    expect(wrong).toThrow(UserError);
    try {
      wrong();
    } catch (error) {
      expect((error as UserError).hint).toContain('Did you mean "cifar-color-sensitivity"?');
    }
  });
});

describe('labels of methods', () => {
  it('have a colour in every chart, and are of one method each', () => {
    const labels = IMAGE_METHODS.map((method) => METHOD_LABELS[method]);
    expect(new Set(labels).size).toBe(labels.length);
    for (const label of labels) expect(() => methodStyle(label), label).not.toThrow();
  });

  it.each(METHOD_NAMES)('are those of the methods themselves: %s', (name) => {
    const config = tinyConfig({ method: name, moco: { queue: 16 } });
    expect(METHOD_LABELS[name]).toBe(imageMethod(config, name, { height: 16, width: 16 }).label);
  });
});
