import { expect, it } from 'vitest';
import { settingsForMethod } from '../../src/experiments/method-settings.js';

it('leaves the weight of L_equi out of the settings of methods without that term', () => {
  const values = { 'training.lambda': 3, lambda: 3, 'training.steps': 5 };
  const overrides = { source: '-p', values };
  expect(settingsForMethod(overrides, true)).toBe(overrides);
  expect(settingsForMethod(overrides, false)).toEqual({ source: '-p', values: { 'training.steps': 5 } });
  expect(settingsForMethod(undefined, false)).toBeUndefined();
});
