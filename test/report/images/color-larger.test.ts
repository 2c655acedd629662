import { describe, expect, it } from 'vitest';
import { planColorSensitivity } from '../../../src/experiments/images/color-sensitivity.js';
import type { ImageRun } from '../../../src/experiments/images/study.js';
import { largerAnswer, largerFigure } from '../../../src/report/images/color-larger.js';
import { imageResultsOf, type HandFindings } from '../fixtures/image-results.js';

const plan = planColorSensitivity({ profile: 'overnight', preset: 'paper' });

const RELATIVE: Readonly<Record<string, readonly number[]>> = {
  care: [0.5, 0.6, 0.7],
  simclr: [0.6, 0.8, 1.0],
  untrained: [0.9, 0.9, 0.9],
};

function foundIn({ part, method, seed }: ImageRun): Record<string, HandFindings> {
  const relative = RELATIVE[method] ?? [];
  const trials = (values: readonly number[]): HandFindings => ({
    estimates: { 'embedding.relative': part === 'larger' ? (values[1] ?? 0) : 0.25 + seed / 4 },
    tables: {
      'embedding.trials': { trial: [0, 1, 2], error: values.map((value) => 10 * value), relative: values },
    },
  });
  return {
    wahba: trials(relative),
    'wahba-colour': trials(relative.map((value) => value / 2)),
    gamma: { estimates: { 'embedding.gamma': 0.75, 'embedding.invarianceLoss': 0.5 } },
    knn: { estimates: { accuracy: 52 } },
    ...(part === 'main' ? { probe: { estimates: { 'features.accuracy': 40 } } } : {}),
  };
}

describe('largerFigure', () => {
  it('sets differences over augmentations beside the small runs, and says what they do not show', () => {
    const figure = largerFigure(imageResultsOf(plan, { found: foundIn }));
    expect(figure?.title).toContain('CARE 0.6, SimCLR 0.8, untrained 0.9');
    // Differences -.1, -.2 and -.3: mean -.2, deviation .1, and t = 4.303 of two degrees of freedom: .2 +- .248.
    expect(figure?.weSee).toContain(
      'error / movement \u22120.20 [\u22120.45, 0.05], lower for 100 % of 3 augmentations',
    );
    expect(figure?.weSee).toContain('with colours alone \u22120.10 [\u22120.22, 0.02]');
    expect(figure?.weSee).toContain('error itself \u22122.0 [\u22124.5, 0.5]');
    expect(figure?.differs).toContain(
      '32 channels, 4 epochs, batch 128. The small runs: CIFAR-10, 5000 images: 16 channels, 6 epochs, batch 64.',
    );
    expect(figure?.differs).toContain('no claim is judged by them');
    // Small runs: seeds 0, 1 and 2 have .25, .5 and .75.
    const [row] =
      figure?.data.rows.filter(
        ({ quantity }) => quantity === 'Wahba\u2019s error / movement, mean over augmentations',
      ) ?? [];
    expect(row).toMatchObject({ 'CARE, larger': 0.6, 'SimCLR, larger': 0.8, CARE: 0.5, SimCLR: 0.5 });
    expect(figure?.data.rows.filter(({ quantity }) => quantity === 'linear probe (%)')).toEqual([
      expect.objectContaining({ 'CARE, larger': 'not run', CARE: 40 }),
    ]);
  });

  it('says of runs that are missing that they were not run', () => {
    const figure = largerFigure(
      imageResultsOf(plan, {
        found: foundIn,
        ran: ({ part, method }) => part !== 'larger' || method === 'care',
      }),
    );
    expect(figure?.title).toContain('CARE 0.6');
    expect(figure?.weSee).toContain('error / movement not run');
    expect(largerAnswer(imageResultsOf(plan, { found: foundIn }))).toBe(
      ' In a larger pair, trained once each, what one rotation leaves of the movement is CARE 0.6, SimCLR 0.8.',
    );
    const ran = ({ method }: { readonly method: string }) => method !== 'simclr';
    expect(largerAnswer(imageResultsOf(plan, { found: foundIn, ran }))).toBe('');
    expect(largerFigure(imageResultsOf(plan, { found: foundIn, ran: () => false }))?.title).toContain(
      'not run',
    );
  });

  it('is not there where the profile plans none', () => {
    const small = planColorSensitivity({ profile: 'laptop', preset: 'paper' });
    expect(largerFigure(imageResultsOf(small, { found: foundIn }))).toBeNull();
  });
});
