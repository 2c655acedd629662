import { expect, it } from 'vitest';
import {
  incompleteBeta,
  logGamma,
  noncentralCdf,
  normalCdf,
  studentCdf,
  studentQuantile,
} from '../../src/report/distributions.js';

// scipy 1.x: special.gammaln, special.betainc(a, b, x), stats.t.cdf, stats.t.ppf, stats.norm.cdf, stats.nct.cdf
it.each([
  [0.3, 1.0957979948180756],
  [1.5, -0.12078223763524526],
  [7.25, 7.0521854507385395],
])('gives log Gamma(%d) as scipy does', (x, expected) => {
  expect(logGamma(x)).toBeCloseTo(expected, 12);
});

it.each([
  [0.3, 2, 0.5, 0.03784096948581308],
  [0.9, 1.5, 3, 0.9978962441368843],
  [0.01, 1, 0.5, 0.005012562893380045],
])('gives I_%d(%d, %d) as scipy does', (x, a, b, expected) => {
  expect(incompleteBeta(x, a, b)).toBeCloseTo(expected, 13);
});

it.each([
  [-4.3, 2, 0.025028577058545796],
  [1.2, 5.5, 0.8603683744483042],
  [0.1, 40, 0.5395780734773599],
])('gives P(T <= %d) with %d degrees of freedom as scipy does', (t, df, expected) => {
  expect(studentCdf(t, df)).toBeCloseTo(expected, 12);
});

it.each([
  [0.975, 2, 4.302652729749462],
  [0.975, 4, 2.7764451051977934],
  [0.05, 3.7, -2.1824938039146016],
  [0.999, 1, 318.30883898555015],
])('gives the %d quantile with %d degrees of freedom as scipy does', (probability, df, expected) => {
  expect(studentQuantile(probability, df) / expected).toBeCloseTo(1, 9);
});

it('refuses a probability of one', () => {
  expect(() => studentQuantile(1, 3)).toThrow(/between 0 and 1/);
});

it.each([
  [-5.5, 1.898956246588768e-8],
  [-1.96, 0.024997895148220435],
  [0.3, 0.6179114221889526],
  [2.99, 0.9986051127645078],
  [3.01, 0.9986937615512306],
])('gives the normal P(Z <= %d) as scipy does', (z, expected) => {
  expect(normalCdf(z)).toBeCloseTo(expected, 13);
});

it.each([
  [2.5, 2, 1, 0.7816134762721604],
  [-3.5, 2, -8, 0.989609294299354],
  [10, 4, 12, 0.22641223344026465],
  [1, 1, 0, 0.75],
  [-20, 2, -15, 0.4300435150682937],
])('gives the noncentral P(T <= %d), df %d, delta %d, as scipy does', (t, df, delta, expected) => {
  expect(noncentralCdf(t, df, delta)).toBeCloseTo(expected, 6);
});
