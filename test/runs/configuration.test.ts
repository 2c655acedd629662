import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  describeAllowed,
  parseOverrides,
  resolveConfig,
  settingKeys,
  withWholeKeys,
} from '../../src/runs/configuration.js';
import { UserError } from '../../src/runs/user-error.js';

const schema = z.object({
  steps: z.int().min(1).default(1000),
  lambda: z.number().min(0).default(0.01),
  reduction: z.enum(['mean', 'sum']).default('mean'),
  fast: z.boolean().default(false),
  label: z.string().default('run'),
  seeds: z.array(z.int().min(0)).default([0, 1, 2]),
  methods: z.array(z.string()).default(['care']),
  points: z.union([z.int().min(4), z.literal('all')]).default(256),
  note: z.string().nullable().default(null),
  optimizer: z
    .object({
      rate: z.number().positive().default(1e-3),
      betas: z.tuple([z.number(), z.number()]).default([0.9, 0.999]),
    })
    .prefault({}),
});

const twice = z.object({
  first: z.object({ rate: z.number().default(1), size: z.int().default(2) }).prefault({}),
  second: z.object({ rate: z.number().default(3) }).prefault({}),
  size: z.int().default(4),
});

function problemsOf(...options: string[]): string {
  try {
    resolveConfig(schema, parseOverrides(options));
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return 'none';
}

describe('resolveConfig', () => {
  it('fills in every default where nothing is set', () => {
    expect(resolveConfig(schema)).toEqual({
      steps: 1000,
      lambda: 0.01,
      reduction: 'mean',
      fast: false,
      label: 'run',
      seeds: [0, 1, 2],
      methods: ['care'],
      points: 256,
      note: null,
      optimizer: { rate: 1e-3, betas: [0.9, 0.999] },
    });
  });

  it('takes the last part of a key for it where no other key ends so, from a command line alone', () => {
    const short = parseOverrides(['rate=0.5']);
    expect(resolveConfig(schema, short).optimizer.rate).toBe(0.5);
    expect(withWholeKeys(settingKeys(schema), short).values).toEqual({ 'optimizer.rate': '0.5' });
    // A file is written once and read often: there a key stands in full.
    expect(() => resolveConfig(schema, { source: 'a file', values: { rate: 0.5 } })).toThrow(
      'optimizer.rate',
    );
    expect(() => resolveConfig(twice, short)).toThrow(
      'rate (from -p) is short for several settings: first.rate, second.rate.',
    );
    expect(resolveConfig(twice, parseOverrides(['size=7']))).toMatchObject({ first: { size: 2 }, size: 7 });
  });

  it('lets a later layer win key by key, within nested objects too, and replaces lists as a whole', () => {
    const config = resolveConfig(
      schema,
      { source: 'preset paper', values: { reduction: 'sum', optimizer: { rate: 0.1, betas: [0.5, 0.6] } } },
      { source: 'profile smoke', values: { steps: 20, seeds: [0], optimizer: { rate: 0.2 } } },
      parseOverrides(['steps=30']),
    );
    expect(config).toMatchObject({
      reduction: 'sum',
      steps: 30,
      seeds: [0],
      optimizer: { rate: 0.2, betas: [0.5, 0.6] },
    });
  });

  it('reads the texts of -p as the types that the schema asks for', () => {
    const config = resolveConfig(
      schema,
      parseOverrides([
        'steps=30',
        'lambda=1e-2',
        'reduction=sum',
        'fast=true',
        'label=5',
        'seeds=3,4',
        'methods=care, simclr',
        'points=all',
        'note=null',
        'optimizer.rate=0.5',
        'optimizer.betas=[0.1, 0.2]',
      ]),
    );
    expect(config).toEqual({
      steps: 30,
      lambda: 0.01,
      reduction: 'sum',
      fast: true,
      label: '5',
      seeds: [3, 4],
      methods: ['care', 'simclr'],
      points: 'all',
      note: null,
      optimizer: { rate: 0.5, betas: [0.1, 0.2] },
    });
  });

  it('reports every problem on a line of its own: key, given, source, allowed', () => {
    const text = problemsOf(
      'steps=many',
      'lambda=-1',
      'reduction=median',
      'stpes=4',
      'optimizer.rat=1',
      'points=2',
    );
    expect(text.split('\n').slice(1)).toEqual([
      '  steps: given "many" (from -p), allowed is a whole number at least 1',
      '  lambda: given "-1" (from -p), allowed is a number at least 0',
      '  reduction: given "median" (from -p), allowed is mean | sum',
      '  stpes: unknown key (from -p); did you mean steps?',
      '  optimizer.rat: unknown key (from -p); did you mean optimizer.rate?',
      '  points: given "2" (from -p), allowed is a whole number at least 4 or all',
    ]);
  });

  it('lists the known keys where none is near, also of a nested object', () => {
    expect(problemsOf('qqqqqqqqqqqq=1')).toContain('known are steps, lambda,');
    expect(problemsOf('optimizer=fast')).toContain('optimizer: given "fast"');
    expect(problemsOf('toString=1')).toContain('toString: unknown key');
  });

  it('finds a key by its last part, and in the group where it is', () => {
    expect(problemsOf('rates=1')).toContain('rates: unknown key (from -p); did you mean optimizer.rate?');
    expect(problemsOf('optimizer.steps=1')).toContain('did you mean steps?');
    expect(problemsOf('optimiser.rate=1')).toContain('did you mean optimizer.rate?');
  });

  it('lists the keys once at most, and not beside a suggestion', () => {
    const whole = (...options: string[]) => {
      try {
        resolveConfig(schema, parseOverrides(options));
      } catch (error) {
        const { message, hint } = error as UserError;
        return `${message}\n${hint}`;
      }
      return '';
    };
    const lists = (text: string) => text.split('optimizer.betas').length - 1;
    expect(lists(whole('stpes=1'))).toBe(0);
    expect(lists(whole('qqqqqqqqqqqq=1', 'zzzzzzzzzzzz=1'))).toBe(1);
  });

  it('does not take a number for a text from a profile, which was written with types', () => {
    const layer = { source: 'profile smoke', values: { steps: '20' } };
    expect(() => resolveConfig(schema, layer)).toThrow(/steps: given "20" \(from profile smoke\)/);
  });

  it('reports a rule between keys', () => {
    const ruled = z
      .object({ batch: z.int().default(4), chunk: z.int().default(2) })
      .refine(({ batch, chunk }) => batch % chunk === 0, { error: 'must divide the batch', path: ['chunk'] });
    expect(() => resolveConfig(ruled, parseOverrides(['chunk=3']))).toThrow(/chunk: must divide the batch/);
  });
});

describe('parseOverrides', () => {
  it('splits at the first equals sign and takes the last of two', () => {
    expect(parseOverrides(['a=b=c', 'x=1', 'x=2']).values).toEqual({ a: 'b=c', x: '2' });
  });
  it.each(['steps', '=5', ''])('rejects %j', (option) => {
    expect(() => parseOverrides([option])).toThrow(UserError);
    // A key of every experiment.
    expect(() => parseOverrides([option])).toThrow(
      expect.objectContaining({ hint: 'Write key=value, e.g. -p training.lambda=3' }) as Error,
    );
  });
});

describe('describeAllowed', () => {
  it.each([
    [z.int(), 'a whole number'],
    [z.number().gt(0).max(1), 'a number above 0 and at most 1'],
    [z.boolean().default(true), 'true or false'],
    [z.array(z.number()).length(3), 'a list of 3 items, each a number'],
    [z.array(z.enum(['a', 'b'])).min(1), 'a list of at least 1 items, each a | b'],
  ])('says it in words (%#)', (given, words) => {
    expect(describeAllowed(given)).toBe(words);
  });
});
