import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ENCODERS, trainingSchema } from '../../../src/experiments/protein/config.js';
import {
  measureConfig,
  measureSchema,
  profileMeasures,
  PROTEIN_PRESETS,
  PROTEIN_PROFILES,
  trainingConfig,
  type ProteinChoice,
} from '../../../src/experiments/protein/settings.js';
import { planProtein } from '../../../src/experiments/protein/study.js';
import { parseOverrides, resolveConfig } from '../../../src/runs/configuration.js';
import { PRESET_NAMES } from '../../../src/runs/presets.js';
import { PROFILE_NAMES } from '../../../src/runs/profiles.js';
import { UserError } from '../../../src/runs/user-error.js';

function smoke(...settings: string[]): ProteinChoice {
  return { profile: 'smoke', preset: 'paper', overrides: parseOverrides(settings) };
}

function problemOf(work: () => unknown): UserError {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('There was no error.');
}

describe('settings of a training run', () => {
  it('are those of the schema, under preset, profile, user and plan in that order', () => {
    const defaults = trainingSchema.parse({});
    const profile = trainingConfig({ profile: 'smoke', preset: 'paper' }, {});
    // The profile sets the size, and leaves alone what it does not name.
    expect(profile.data.limit).toBe(96);
    expect(profile.training.steps).toBe(30);
    expect(profile.model).toEqual(defaults.model);
    expect(profile.training.learningRate).toBe(defaults.training.learningRate);
    const chosen = trainingConfig(smoke('training.steps=7', 'model.phi=4,5'), {});
    expect(chosen.training.steps).toBe(7);
    expect(chosen.model.phi).toEqual([4, 5]);
    expect(chosen.training.batch).toBe(32);
    // What a run varies goes over what the user chose for all.
    expect(trainingConfig(smoke('training.steps=7'), { 'training.steps': 9 }).training.steps).toBe(9);
  });

  it('take the reduction, under which lambda is to be read, from the preset', () => {
    const official = trainingConfig({ profile: 'smoke', preset: 'official-code' }, {});
    expect(official.training).toMatchObject({ reduction: 'official-sum', lambda: 0.03 });
    const paper = trainingConfig({ profile: 'smoke', preset: 'paper' }, {});
    expect(paper.training.reduction).toBe('mean');
  });

  it('can be resolved for every profile and preset', () => {
    for (const profile of PROFILE_NAMES) {
      for (const preset of PRESET_NAMES) {
        const config = trainingConfig({ profile, preset }, {});
        expect(config.training.steps).toBe(PROTEIN_PROFILES[profile].training['training.steps']);
        expect(config.training.reduction).toBe(PROTEIN_PRESETS[preset]['training.reduction']);
      }
    }
  });

  it('do not hold the settings of the measures, which would train anew when they change', () => {
    const plain = trainingConfig(smoke(), {});
    expect(trainingConfig(smoke('measures.angles=50'), {})).toEqual(plain);
    expect(plain).not.toHaveProperty('measures');
  });
});

describe('settings of the measures', () => {
  it('come from the profile and from keys that begin with "measures."', () => {
    const config = measureConfig(
      smoke('measures.angles=50', 'measures.classifierSeeds=4,5', 'training.steps=2'),
    );
    expect(config).toEqual({
      ...measureSchema.parse({}),
      augmentations: 4,
      roundnessStructures: 4,
      trainOrientations: 2,
      testOrientations: 2,
      classifierSeeds: [4, 5],
      angles: 50,
    });
  });
});

describe('a wrong setting', () => {
  it('gets a line each, of training and of the measures at once, with the whole key', () => {
    const { message } = problemOf(() =>
      planProtein(
        smoke('training.stepz=4', 'training.batch=many', 'measures.angels=9', 'measures.leastGap=1'),
      ),
    );
    const lines = message.split('\n');
    expect(lines[0]).toBe('The configuration has 4 problem(s):');
    expect(lines.slice(1)).toEqual([
      '  training.stepz: unknown key (from -p); did you mean training.steps?',
      '  training.batch: given "many" (from -p), allowed is a whole number at least 4',
      '  measures.angels: unknown key (from -p); did you mean measures.angles?',
      '  measures.leastGap: given "1" (from -p), allowed is a number at least 0 and below 1',
    ]);
  });

  it('is answered with the keys that there are', () => {
    const { message } = problemOf(() => planProtein(smoke('colour=red')));
    for (const key of ['data.points', 'training.lambda', 'measures.classifierSeeds'])
      expect(message).toContain(key);
  });

  it('is understood where it is the last part of one key alone', () => {
    for (const { encoder, config } of planProtein(smoke('steps=200', 'lambda=3')).runs) {
      expect(config.training.steps).toBe(200);
      if (encoder === 'care') expect(config.training.lambda).toBe(3);
    }
    const { message } = problemOf(() => planProtein(smoke('step=200')));
    expect(message).toContain('step: unknown key (from -p); did you mean training.steps?');
  });

  it('is refused where the plan sets it run by run, rather than ignored', () => {
    const problem = problemOf(() => planProtein(smoke('seed=7', 'encoder=simclr')));
    expect(problem.message).toContain('encoder and seed cannot be set (from -p)');
    expect(problem.hint).toContain('profile');
  });
});

describe('what a run is measured with outside of its plan', () => {
  it('is what its profile says', () => {
    for (const profile of PROFILE_NAMES) {
      const alone = resolveConfig(measureSchema, profileMeasures(profile));
      expect(alone).toEqual(measureConfig({ profile, preset: 'paper' }));
    }
    expect(profileMeasures('of another version').values).toEqual({});
  });
});

describe('the profiles', () => {
  it('have as many runs as the README says', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    for (const profile of PROFILE_NAMES) {
      const row = readme.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${profile}\``));
      const said = Number(/(\d+) runs/.exec(row ?? '')?.[1]);
      expect([profile, said]).toEqual([profile, planProtein({ profile, preset: 'paper' }).runs.length]);
    }
  });

  it('compare all encoders with the same seeds, the untrained one among them', () => {
    for (const profile of PROFILE_NAMES) {
      expect(PROTEIN_PROFILES[profile].encoders).toEqual(ENCODERS);
      expect(new Set(PROTEIN_PROFILES[profile].seeds).size).toBe(PROTEIN_PROFILES[profile].seeds.length);
    }
    // Reports that people read need a standard deviation over at least three pretraining seeds.
    for (const profile of ['laptop', 'overnight', 'workstation', 'paper'] as const)
      expect(PROTEIN_PROFILES[profile].seeds.length).toBeGreaterThanOrEqual(3);
  });
});
