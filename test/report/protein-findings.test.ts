import { describe, expect, it } from 'vitest';
import { planProtein } from '../../src/experiments/protein/study.js';
import { proteinFindings } from '../../src/report/protein-findings.js';
import { heroFigure } from '../../src/report/protein.js';
import { plainValues, recordOf, resultsOf, type Values } from './fixtures/protein-results.js';

describe('the collapse of L_inv', () => {
  const withInvariance = (invariance: number) =>
    resultsOf({
      values: (run, estimate) =>
        run.encoder === 'l-inv' && estimate === 'invariance' ? invariance : plainValues(run, estimate),
    });

  it('is told with its size where L_inv is invariant, and only there', () => {
    const collapsed = proteinFindings(withInvariance(4e-10)).markdown;
    expect(collapsed).toContain('L_inv has collapsed');
    expect(collapsed).toContain('0.00002 of the sphere'.replace('0.00002', '2e\u22125'));
    expect(proteinFindings(withInvariance(0.2)).markdown).not.toContain('L_inv has collapsed');
  });
});

describe('the paths of the first screen', () => {
  it('are of each encoder the one nearest to its mean over all paths', () => {
    // Drawn for CARE, seed 0: .9, .889, .878 of one structure and .863, .852, .841 of the other.
    const nearTo = (value: number) =>
      heroFigure(
        resultsOf({
          values: (run, estimate) => (estimate === 'roundness' ? value : plainValues(run, estimate)),
        }),
      ).data.rows.find(({ encoder }) => encoder === 'CARE');
    expect(nearTo(0.99)).toMatchObject({ roundness: 0.9, axis: 'x' });
    expect(nearTo(0.85)).toMatchObject({ roundness: 0.852, axis: 'y' });
    expect(nearTo(0.1)).toMatchObject({ roundness: 0.841, axis: 'z' });
  });
});

describe('values of a setting', () => {
  it('are told of every encoder that has them, and over how many seeds', () => {
    // CARE at lambda 3 (varied, seed 0) and at 30 (main, seed 0), by the fixture's formula.
    const at = (varied: number) => Number((0.11 + 0.0173 * 7 + varied).toPrecision(3));
    const { markdown } = proteinFindings(resultsOf());
    expect(markdown).toContain(
      `**training.lambda.** CARE\u2019s roundness is ${at(0.0417)} at 3, ${at(0)} at 30,`,
    );
    expect(markdown).toMatch(/its Wahba relative error .* at 30 \(one seed\)\./);
  });

  it('compare CARE with SimCLR at the largest one, seed by seed', () => {
    const plan = planProtein({ profile: 'overnight', preset: 'paper' });
    // At 2000 steps CARE has .5, .6 and .7, SimCLR .4, .55 and .5: differences .1, .05 and .2.
    const roundness: Readonly<Record<string, readonly number[]>> = {
      care: [0.5, 0.6, 0.7],
      simclr: [0.4, 0.55, 0.5],
    };
    const values: Values = (run, estimate) =>
      estimate === 'roundness' && run.variation?.value === 2000
        ? roundness[run.encoder]?.[run.seed]
        : plainValues(run, estimate);
    const outcomes = plan.runs.map((run, i) => ({ ...run, record: recordOf(run, i, values) }));
    const { markdown } = proteinFindings({ plan, outcomes });
    // Mean .1167, sd .0764, t(2) = 4.303: 4.303 * .0764 / sqrt(3) = .1897.
    expect(markdown).toContain(' At 2000, CARE less SimCLR is +0.12 [\u22120.07, 0.31] in roundness and ');
    // No SimCLR at other lambdas.
    expect(markdown).not.toContain(' At 300, CARE less');
  });

  it('are silent, and nothing is concluded, where L_unif was not run', () => {
    const { markdown } = proteinFindings(resultsOf({ ran: ({ encoder }) => encoder !== 'l-unif' }));
    expect(markdown).toContain('The runs that would tell are not there');
    expect(markdown).not.toMatch(/NaN|not a number/);
  });
});
