import { beforeAll, describe, expect, it } from 'vitest';
import { byolMomentum } from '../../src/methods/byol.js';
import { withCare } from '../../src/methods/care.js';
import { fourTurns } from '../../src/methods/e-ssl.js';
import type { MethodModel, ProjectionMethod, ViewName } from '../../src/methods/method.js';
import { checkMomentum } from '../../src/methods/momentum-encoder.js';
import { baseOf, hasCare, METHOD_NAMES, methodOf, type MethodSettings } from '../../src/methods/methods.js';
import { groupedInfoNce } from '../../src/methods/simclr.js';
import { startEngine } from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import {
  alignmentLoop,
  barlowTwinsLoop,
  equivarianceLoop,
  infoNceLoop,
  matrix,
  uniformityLoop,
  unitRows,
  valueOf,
} from '../losses/reference.js';

beforeAll(() => {
  startEngine();
});

const model: MethodModel = { variables: [], project: () => tf.zeros([8, 3]), features: 5, dim: 3 };
const settings: MethodSettings = {
  batch: 8,
  parameters: 4,
  temperature: 0.5,
  negativeGroups: 1,
  care: { lambda: 0.3, chunks: 2, reduction: 'mean' },
  moco: { momentum: 0.9, queue: 16, shuffleGroups: 1 },
  byol: { momentum: 0.9, hidden: 4 },
  barlow: { offDiagonal: 0.2 },
  equimod: { weight: 1, temperature: 0.2, hidden: 4 },
  essl: { weight: 0.4, hidden: 4 },
};

/** Projections by view, three times as long as embeddings. */
const embeddings: Readonly<Record<string, number[][]>> = Object.fromEntries(
  ['first', 'second', 'chunkedFirst', 'chunkedSecond'].map((view, i) => [view, unitRows(i + 1, 8, 3)]),
);
const rows = (view: string): number[][] => embeddings[view] ?? [];
const project = (view: ViewName): tf.Tensor2D => tf.mul(matrix(rows(view)), 3);

function lossOf(name: (typeof METHOD_NAMES)[number]): number {
  const method = methodOf(name, model, settings) as ProjectionMethod;
  return valueOf(() => method.loss(project).total);
}

describe('a method of projections', () => {
  const [a, b, c, d] = ['first', 'second', 'chunkedFirst', 'chunkedSecond'].map(rows) as [
    number[][],
    number[][],
    number[][],
    number[][],
  ];
  const contrast = infoNceLoop(a, b, 0.5);
  const [inv, unif] = [alignmentLoop(a, b), uniformityLoop([a, b], 0.5)];
  const equi = 0.3 * equivarianceLoop(c, d, 2, 'mean');
  const long = (of: number[][]) => of.map((row) => row.map((x) => 3 * x));
  const barlow = barlowTwinsLoop(long(a), long(b), 0.2);
  it.each([
    ['simclr', contrast],
    ['care', contrast + equi],
    ['barlow-twins', barlow],
    ['barlow-twins+care', barlow + equi],
    ['l-inv', inv],
    ['l-unif', unif],
    ['l-equi', equi],
    ['l-inv+l-unif', inv + unif],
    ['l-inv+l-equi', inv + equi],
    ['l-unif+l-equi', unif + equi],
    ['l-inv+l-unif+l-equi', inv + unif + equi],
  ] as const)('%s is the loop over its terms, on the sphere where the paper has f', (name, expected) => {
    expect(Math.abs(lossOf(name) - expected)).toBeLessThan(2e-5 * Math.max(1, Math.abs(expected)));
  });
});

describe('the table of methods', () => {
  it('adds CARE by one mechanism: two chunked views beside those of the base', () => {
    for (const name of METHOD_NAMES) {
      const views = Object.entries(methodOf(name, model, settings).views).map(
        ([view, spec]) => `${view} ${spec.drawn}`,
      );
      expect(views.filter((view) => view.endsWith(' chunk'))).toEqual(
        hasCare(name) ? ['chunkedFirst chunk', 'chunkedSecond chunk'] : [],
      );
    }
    expect([baseOf('care'), baseOf('byol+care'), baseOf('l-equi')]).toEqual(['simclr', 'byol', 'nothing']);
  });

  it('says which names there are', () => {
    const unknown = 'simclrr' as (typeof METHOD_NAMES)[number];
    expect(() => methodOf(unknown, model, settings)).toThrow(
      /There is no method "simclrr"; there are .*moco-v2/,
    );
  });

  it('has a label for each', () => {
    const labels = METHOD_NAMES.map((name) => methodOf(name, model, settings).label);
    expect(new Set(labels).size).toBe(METHOD_NAMES.length);
    expect(labels.slice(0, 4)).toEqual(['CARE', 'SimCLR', 'MoCo-v2', 'CARE (MoCo-v2)']);
    expect(labels).not.toContain('');
    expect(labels.filter((label) => label.includes('EquiMod'))).toEqual([
      'EquiMod',
      'CARE (EquiMod)',
      'EquiMod (BYOL)',
      'CARE (EquiMod on BYOL)',
    ]);
  });

  it('refuses what makes no sense', () => {
    const base = methodOf('simclr', model, settings);
    expect(() => withCare(base, { ...settings.care, lambda: -1 })).toThrow(
      'lambda is -1; it must be a number >= 0',
    );
    const moco = (change: object) => () =>
      methodOf('moco-v2', model, { ...settings, moco: { ...settings.moco, ...change } });
    expect(moco({ queue: 12 })).toThrow('no multiple of the batch of 8');
    expect(moco({ momentum: 1.5 })).toThrow('momentum is 1.5');
    expect(moco({ shuffleGroups: 8 })).toThrow('8 groups of at least 2');
    expect(() =>
      methodOf('equimod', model, { ...settings, equimod: { ...settings.equimod, weight: -1 } }),
    ).toThrow('weight is -1');
    expect(() => methodOf('e-ssl', model, { ...settings, essl: { weight: NaN, hidden: 2 } })).toThrow(
      'weight is NaN',
    );
  });
});

describe('negatives by groups', () => {
  it('are those of each group alone, and the loss the mean over groups', () => {
    const [a, b] = [rows('first'), rows('second')];
    const grouped = (negativeGroups: number) =>
      valueOf(() => groupedInfoNce(matrix(a), matrix(b), { temperature: 0.5, negativeGroups }));
    const loop = (groups: number) => {
      const size = 8 / groups;
      const parts = Array.from({ length: groups }, (_, g) => [g * size, (g + 1) * size] as const);
      return parts.reduce((sum, [s, e]) => sum + infoNceLoop(a.slice(s, e), b.slice(s, e), 0.5), 0) / groups;
    };
    for (const groups of [1, 2, 4]) expect(grouped(groups)).toBeCloseTo(loop(groups), 5);
    // Fewer negatives, a smaller loss.
    expect(grouped(4)).toBeLessThan(grouped(1) - 0.5);
    expect(() => grouped(3)).toThrow('8 rows cannot be cut into 3 groups');
  });
});

describe("BYOL's momentum", () => {
  it('rises from its start to 1 as half a cosine', () => {
    expect(byolMomentum(0.96, 0, 100)).toBeCloseTo(0.96, 12);
    expect(byolMomentum(0.96, 50, 100)).toBeCloseTo(0.98, 12);
    expect(byolMomentum(0.96, 25, 100)).toBeCloseTo(1 - (0.04 * (Math.SQRT1_2 + 1)) / 2, 12);
    expect(byolMomentum(0.96, 100, 100)).toBe(1);
  });

  it('is from 0 to 1', () => {
    for (const momentum of [-0.1, 1.1, NaN])
      expect(() => checkMomentum('BYOL', momentum)).toThrow(`is ${momentum}`);
    expect(() => checkMomentum('BYOL', 1)).not.toThrow();
  });
});

describe('four turns', () => {
  it('by hand: the corners of an image move a quarter of a turn at a time, counter-clockwise', () => {
    const pixel = (value: number) => [value, 10 * value, 100 * value];
    const image = [
      [pixel(1), pixel(2)],
      [pixel(3), pixel(4)],
    ];
    const turned = tf.tidy(() => fourTurns(tf.tensor4d([image])).arraySync());
    const reds = turned.map((rows) => rows.map((row) => row.map(([red]) => red)));
    expect(reds).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [2, 4],
        [1, 3],
      ],
      [
        [4, 3],
        [2, 1],
      ],
      [
        [3, 1],
        [4, 2],
      ],
    ]);
    expect(turned[1]?.[0]?.[0]).toEqual(pixel(2));
  });
});
