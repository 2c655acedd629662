import { describe, expect, it } from 'vitest';
import { proteinFindings } from '../../src/report/protein-findings.js';
import { heroFigure } from '../../src/report/protein.js';
import { plainValues, resultsOf } from './fixtures/protein-results.js';

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

  it('are silent, and nothing is concluded, where L_unif was not run', () => {
    const { markdown } = proteinFindings(resultsOf({ ran: ({ encoder }) => encoder !== 'l-unif' }));
    expect(markdown).toContain('The runs that would tell are not there');
    expect(markdown).not.toMatch(/NaN|not a number/);
  });
});
