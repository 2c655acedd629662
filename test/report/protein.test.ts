import { describe, expect, it } from 'vitest';
import { ENCODERS } from '../../src/experiments/protein/config.js';
import { ENCODER_LABELS } from '../../src/experiments/protein/labels.js';
import type { ProteinResults } from '../../src/experiments/protein/study.js';
import type { FigureBlock, TableBlock } from '../../src/report/blocks.js';
import { formatValues } from '../../src/report/claims.js';
import {
  axisFigure,
  estimateOf,
  geometryFigure,
  heroFigure,
  learningFigure,
  proteinProvenance,
  QUANTITIES,
  quantityTable,
  roundnessFigure,
  sensitivityFigure,
  sensitivityTable,
  seedValues,
  shownStructures,
  trajectoryFigure,
  variedSettings,
  type Quantity,
} from '../../src/report/protein.js';
import type { RunRecord } from '../../src/runs/record.js';
import { ANGLES, CHANCE, plainValues, resultsOf, STRUCTURES } from './fixtures/protein-results.js';

const all = resultsOf();
const none = resultsOf({ ran: () => false });
const SETTING = 'training.lambda';

function recordsById({ outcomes }: ProteinResults): Map<string, RunRecord> {
  return new Map(outcomes.flatMap(({ record }) => (record === null ? [] : [[record.id, record]])));
}

function figuresOf(results: ProteinResults): FigureBlock[] {
  return [
    heroFigure(results),
    ...shownStructures(results).map((structure) => trajectoryFigure(results, structure)),
    roundnessFigure(results),
    axisFigure(results),
    geometryFigure(results),
    learningFigure(results),
    ...variedSettings(results).map((setting) => sensitivityFigure(results, setting)),
  ];
}

type Row = Readonly<Record<string, unknown>>;

/** Every object in a chart's data that names a run. */
function rowsWithRun(value: unknown): Row[] {
  if (Array.isArray(value)) return value.flatMap(rowsWithRun);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'run' in value && typeof value.run === 'string' ? [value as Row] : [];
  return [...own, ...Object.values(value).flatMap(rowsWithRun)];
}

/** All numbers that a record holds: estimates, tables and series. */
function numbersOf(record: RunRecord): number[] {
  const estimates = Object.values(record.measurements).flatMap((m) =>
    Object.values(m.estimates).map(({ value }) => value),
  );
  const tables = Object.values(record.measurements)
    .flatMap((m) => Object.values(m.tables ?? {}))
    .flatMap((table) => Object.values(table).flat())
    .filter((cell) => typeof cell === 'number');
  const series = Object.values(record.series).flatMap(({ values }) => [...values]);
  return [...estimates, ...tables, ...series];
}

/** Whether a number is one of a record's, as it stands or rounded to three decimals, three or four digits. */
function isFrom(record: RunRecord, shown: number): boolean {
  return numbersOf(record).some((value) =>
    [value, Number(value.toFixed(3)), Number(value.toPrecision(3)), Number(value.toPrecision(4))].includes(
      shown,
    ),
  );
}

/** The values of a quantity over seeds, straight from the records. */
function fromRecords({ outcomes }: ProteinResults, label: string, { measure, estimate }: Quantity): number[] {
  return outcomes.flatMap(({ record, encoder, variation }) => {
    const value = record?.measurements[measure]?.estimates[estimate]?.value;
    return variation === null && ENCODER_LABELS[encoder] === label && value !== undefined ? [value] : [];
  });
}

describe('every number shown', () => {
  it('is, in charts, the value that the record of its run holds', () => {
    const records = recordsById(all);
    const dots = figuresOf(all)
      .flatMap(({ panels }) => panels.flatMap(({ spec }) => rowsWithRun(spec)))
      .filter((row) => typeof row.value === 'number');
    expect(dots.length).toBeGreaterThan(100);
    for (const { run, value, method } of dots) {
      const record = records.get(String(run));
      if (record === undefined)
        throw new Error(`The chart names the run ${String(run)}, which does not exist.`);
      expect(record.label.startsWith(String(method))).toBe(true);
      expect(isFrom(record, Number(value)), `${String(value)} of ${record.label}`).toBe(true);
    }
  });

  it('is, in tables with a row a run, in the record of that run', () => {
    const records = recordsById(all);
    const tables: TableBlock[] = [...figuresOf(all).map(({ data }) => data), sensitivityTable(all, SETTING)];
    const measured = tables.flatMap(({ rows, columns }) =>
      rows.flatMap((row) => {
        if (typeof row.run !== 'string') return [];
        return columns
          .filter(({ key, kind }) => kind === 'number' && !['seed', 'setting'].includes(key))
          .map(({ key }) => ({ run: row.run as string, key, shown: row[key] }));
      }),
    );
    expect(measured.length).toBeGreaterThan(60);
    for (const { run, key, shown } of measured) {
      const record = records.get(run);
      if (record === undefined) throw new Error(`A table names the run ${run}, which does not exist.`);
      expect(
        typeof shown === 'number' && isFrom(record, shown),
        `${key} of ${record.label}: ${String(shown)}`,
      ).toBe(true);
    }
  });

  it('is, in tables over seeds, the mean and deviation of the records of those seeds', () => {
    const quantities = [QUANTITIES.roundness, QUANTITIES.axisLinear, QUANTITIES.gammaPooled, QUANTITIES.rank];
    const { rows, columns, caption } = quantityTable(all, 'title', quantities);
    expect(rows.map(({ encoder }) => encoder)).toEqual(ENCODERS.map((encoder) => ENCODER_LABELS[encoder]));
    for (const row of rows) {
      for (const quantity of quantities) {
        const values = fromRecords(all, String(row.encoder), quantity);
        expect(values).toHaveLength(2);
        expect(`${String(row[quantity.estimate])} (n = 2 pretraining seeds)`).toBe(formatValues(values));
      }
    }
    expect(columns.map(({ unit }) => unit)).toEqual([undefined, undefined, 'degrees', undefined, undefined]);
    expect(caption).toBe(
      'Mean \u00b1 sample standard deviation over pretraining seeds (n = 2), profile smoke.',
    );
  });

  it('changes with its record', () => {
    const changed = resultsOf({
      values: (run, estimate) => {
        const value = plainValues(run, estimate) ?? NaN;
        return run.encoder === 'simclr' && estimate === 'linear' ? value + 40 : value;
      },
    });
    const cell = (results: ProteinResults) =>
      quantityTable(results, '', [QUANTITIES.axisLinear]).rows.find(({ encoder }) => encoder === 'SimCLR')
        ?.linear;
    expect(cell(changed)).not.toBe(cell(all));
    expect(axisFigure(changed).weSee).toContain('SimCLR 40.');
  });
});

describe('trajectories', () => {
  const figure = trajectoryFigure(all, STRUCTURES[0]);

  it('are drawn for each encoder and axis of a structure, in the order of the plan, first seed', () => {
    expect(shownStructures(all)).toEqual(STRUCTURES);
    expect(figure.columns).toBe(6);
    const titles = figure.panels.map(({ title }) => title);
    expect(titles.map((title) => title.split(':')[0])).toEqual(
      ENCODERS.flatMap((encoder) =>
        ['x', 'y', 'z'].map((axis) => `${ENCODER_LABELS[encoder]}, ${axis} axis`),
      ),
    );
    for (const title of titles) expect(title).toMatch(/: 0\.\d+$/);
    expect(figure.data.rows).toHaveLength(18);
    const firsts = new Set(
      all.outcomes.flatMap((o) => (o.seed === 0 && !o.variation && o.record ? [o.record.id] : [])),
    );
    expect(new Set(figure.data.rows.map(({ run }) => run))).toEqual(firsts);
  });

  it('name the place in the paper and the encoder with the roundest paths, by the numbers', () => {
    expect(figure.title).toBe('Turning 1ABC_l_u: the roundest paths are those of CARE');
    expect(figure.paperPlace).toBe('Figure 3');
    const second = trajectoryFigure(all, STRUCTURES[1]);
    expect(second.paperPlace).toBe('Figures 17 to 20');
    expect(second.paperShows).toBeUndefined();
    const best = trajectoryFigure(
      resultsOf({
        change: (record, { encoder }) =>
          encoder === 'untrained'
            ? record
            : { ...record, measurements: { ...record.measurements, trajectories: flattened(record) } },
      }),
      STRUCTURES[0],
    );
    expect(best.title).toContain('those of untrained');
  });

  it('have the points of the record', () => {
    const values = rowsWithRun(figure.panels[0]?.spec).length;
    expect(values).toBeGreaterThanOrEqual(ANGLES);
  });
});

function flattened(record: RunRecord): RunRecord['measurements'][string] {
  const { trajectories } = record.measurements;
  if (trajectories === undefined) throw new Error('The record has no trajectories.');
  const paths = trajectories.tables?.paths ?? {};
  const roundness = (paths.roundness ?? []).map(() => 0.05);
  return { ...trajectories, tables: { ...trajectories.tables, paths: { ...paths, roundness } } };
}

describe('figures', () => {
  it('have words for those who cannot see them, a table, an identifier of their own', () => {
    const figures = figuresOf(all);
    expect(new Set(figures.map(({ id }) => id)).size).toBe(figures.length);
    for (const { id, alt, title, data, panels } of figures) {
      expect(id).toMatch(/^[a-z0-9-]+$/);
      expect(title).not.toBe('');
      expect(alt.length, id).toBeGreaterThan(40);
      expect(panels.length, id).toBeGreaterThan(0);
      expect(data.rows.length, id).toBeGreaterThan(0);
      const keys = data.columns.map(({ key }) => key);
      for (const row of data.rows) expect(Object.keys(row).sort(), id).toEqual([...keys].sort());
    }
    // The alternative text carries the numbers: CARE's mean roundness, here of two seeds.
    const mean = seedValues(all, 'care', QUANTITIES.roundness).reduce((a, b) => a + b) / 2;
    expect(roundnessFigure(all).alt).toContain(`CARE ${Number(mean.toPrecision(3))}`);
  });

  it('order encoders by their error and say where CARE stands', () => {
    // The plain values rise from encoder to encoder.
    expect(axisFigure(all).title).toBe(
      'CARE is number 1 of 6 in keeping the principal component; best is CARE',
    );
    const reversed = axisFigure(
      resultsOf({ values: (run, estimate) => 1 - (plainValues(run, estimate) ?? NaN) }),
    );
    expect(reversed.title).toBe(
      'CARE is number 6 of 6 in keeping the principal component; best is untrained',
    );
    expect(axisFigure(all).alt).toContain(`chance ${CHANCE.toPrecision(3)}`);
  });

  it('show curves of training with their first and last values', () => {
    const { data, panels } = learningFigure(all);
    expect(panels.map(({ title }) => title)).toEqual(['InfoNCE (nats)', 'L_equi, without its weight']);
    expect(data.rows[0]).toMatchObject({ encoder: 'CARE', seed: 0, first: 3.22, last: 1.235 });
    expect(data.rows).toHaveLength(4);
  });
});

describe('the effect of a setting', () => {
  it('is a table with the main run of the same seed and each value that was tried', () => {
    expect(variedSettings(all)).toEqual([SETTING]);
    const { rows, caption } = sensitivityTable(all, SETTING);
    const main = all.outcomes.find((o) => o.encoder === 'care' && o.seed === 0 && o.variation === null);
    const varied = all.outcomes.find((o) => o.variation !== null);
    expect(rows.map(({ setting, run }) => [setting, run])).toEqual([
      ['3', varied?.record?.id],
      [String(main?.config.training.lambda), main?.record?.id],
    ]);
    for (const [row, outcome] of [
      [rows[0], varied],
      [rows[1], main],
    ] as const) {
      for (const quantity of [QUANTITIES.roundness, QUANTITIES.axisLinear, QUANTITIES.wahbaRelative]) {
        const value = estimateOf(outcome?.record ?? null, quantity)?.value ?? NaN;
        expect(row?.[quantity.estimate]).toBe(Number(value.toPrecision(3)));
      }
    }
    expect(caption).toBe(`The other figures use ${String(main?.config.training.lambda)}.`);
  });

  it('is a chart for a number, with the value of the other figures marked', () => {
    const { panels, weSee, alt } = sensitivityFigure(all, SETTING);
    expect(panels).toHaveLength(3);
    const settings = panels.flatMap(({ spec }) => rowsWithRun(spec).map(({ setting }) => setting));
    expect(new Set(settings)).toEqual(new Set([3, 30]));
    expect(weSee).toContain('30');
    expect(alt).toMatch(/^CARE at 3: .*CARE at 30: /s);
  });
});

describe('what was not run', () => {
  it('says so in every table and figure, and breaks none', () => {
    for (const { id, alt, title, weSee } of figuresOf(none)) {
      expect(alt, id).toMatch(/not run/i);
      for (const text of [alt, title, weSee ?? ''])
        expect(text, id).not.toMatch(/NaN|undefined|not a number/);
    }
    const { rows, caption } = quantityTable(none, '', [QUANTITIES.roundness, QUANTITIES.axisMlp]);
    expect(rows).toEqual(
      ENCODERS.map((e) => ({ encoder: ENCODER_LABELS[e], roundness: 'not run', mlp: 'not run' })),
    );
    expect(caption).not.toContain('n =');
    expect(sensitivityTable(none, SETTING).rows.map(({ run, linear }) => [run, linear])).toEqual([
      ['not run', null],
      ['not run', null],
    ]);
    expect(proteinProvenance(none).records).toEqual([]);
    expect(shownStructures(none)).toEqual([]);
  });

  it('is told from what was: one encoder missing, one seed missing, one measurement missing', () => {
    const partial = resultsOf({
      ran: ({ encoder, seed, variation }) =>
        encoder !== 'simclr' && !(encoder === 'l-inv' && seed === 1) && variation === null,
      values: (run, estimate) =>
        run.encoder === 'untrained' && estimate === 'linear' ? undefined : plainValues(run, estimate),
    });
    const { rows, caption } = quantityTable(partial, '', [QUANTITIES.axisLinear, QUANTITIES.roundness]);
    const cell = (encoder: string, key: string) => rows.find((row) => row.encoder === encoder)?.[key];
    expect(cell('SimCLR', 'linear')).toBe('not run');
    expect(cell('untrained', 'linear')).toBe('not run');
    expect(cell('untrained', 'roundness')).toMatch(/\u00b1/);
    // Different numbers of seeds: each stands with its own, and none in the caption.
    expect(cell('L_inv', 'roundness')).toMatch(/\(n = 1 pretraining seed\)$/);
    expect(cell('CARE', 'roundness')).toMatch(/\(n = 2 pretraining seeds\)$/);
    expect(caption).not.toContain('n =');
    const { data, alt } = axisFigure(partial);
    expect(data.rows.find(({ method }) => method === 'SimCLR')).toMatchObject({
      value: null,
      run: 'not run',
    });
    expect(alt).toContain('SimCLR not run');
    expect(trajectoryFigure(partial, STRUCTURES[0]).panels).toHaveLength(15);
    expect(
      sensitivityTable(partial, SETTING).rows.map(({ setting, run }) => [setting, run === 'not run']),
    ).toEqual([
      ['3', true],
      ['30', false],
    ]);
  });
});

describe('provenance', () => {
  it('holds the record of every run', () => {
    expect(proteinProvenance(all).records.map(({ label }) => label)).toEqual(
      all.plan.runs.map(({ label }) => label),
    );
  });

  it('leaves the data of figures to the figures, and keeps what was measured', () => {
    proteinProvenance(all).records.forEach((record, i) => {
      const whole = all.outcomes[i]?.record;
      expect(record.series).toEqual({});
      for (const [name, measurement] of Object.entries(record.measurements)) {
        expect(measurement).not.toHaveProperty('tables');
        expect(measurement.estimates).toEqual(whole?.measurements[name]?.estimates);
      }
      expect(Object.keys(record.measurements)).toEqual(Object.keys(whole?.measurements ?? {}));
    });
  });
});
