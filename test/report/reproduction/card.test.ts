import { describe, expect, it } from 'vitest';
import type { Measurement, RunRecord } from '../../../src/runs/record.js';
import {
  CARD_VARIABLES,
  dataTable,
  PAPER_CARD,
  reproducibilityCard,
  runsTable,
} from '../../../src/report/reproduction/card.js';
import { reproducibilityChecklist } from '../../../src/report/reproduction/checklist.js';
import { dataFacts, machineFacts, seedText, versionFacts } from '../../../src/report/reproduction/facts.js';
import { collectReproduction } from '../../../src/report/reproduction/results.js';
import { someEnvironment } from '../../runs/spec.js';
import { resultsOf } from '../fixtures/protein-results.js';

const choice = { preset: 'paper', profile: 'smoke' } as const;

function counting(measure: string, estimate: string, n: number): Measurement {
  return {
    name: measure,
    settings: {},
    key: 'k',
    estimates: { [estimate]: { value: 1, n } },
    measuredAt: '2026-01-02T03:04:05.000Z',
    seconds: 2,
  };
}

/** Every structure that was held out is counted by the readout of the axis. */
const records = resultsOf({
  change: (record, run) => {
    const axis = record.measurements.axis;
    const estimates = { ...axis?.estimates, linearAcrossStructures: { value: 1, n: 7 + run.seed } };
    return {
      ...record,
      measurements: {
        ...record.measurements,
        axis: { ...(axis as Measurement), estimates },
      },
    };
  },
}).outcomes.flatMap(({ record }) => (record === null ? [] : [record]));
const results = collectReproduction(records, choice);
const none = collectReproduction([], choice);

function cell(
  table: ReturnType<typeof reproducibilityCard>,
  key: string,
  value: string,
  column: string,
): string {
  const row = table.rows.find((each) => each[key] === value);
  if (row === undefined) throw new Error(`No row ${value}`);
  return String(row[column]);
}

describe('facts', () => {
  it('count what was held out, and what is left to train on', () => {
    // The largest count is the split: one measure may have been told to take fewer.
    expect(dataFacts(records)).toMatchObject([
      { name: 'PDB structures', items: 40, trained: 32, held: 8, runs: records.length },
    ]);
  });

  it('of images take the test set beside the items', () => {
    const [first] = records;
    const image: RunRecord = {
      ...(first as RunRecord),
      experiment: 'images',
      data: { name: 'CIFAR-10 train', generated: false, sha256: 'c'.repeat(64), files: 6, items: 5000 },
      measurements: { knn: counting('knn', 'accuracy', 1000) },
    };
    expect(dataFacts([...records, image])[1]).toMatchObject({ trained: 5000, held: 1000, files: 6, runs: 1 });
    expect(dataFacts([{ ...image, measurements: {} }])[0]).toMatchObject({ trained: 5000, held: null });
  });

  it('group machines and list versions', () => {
    const [first, ...rest] = records;
    const moved: RunRecord = {
      ...(first as RunRecord),
      sessions: [
        {
          startedAt: '2026-01-01T00:00:00.000Z',
          fromStep: 0,
          environment: {
            ...someEnvironment,
            device: 'gpu',
            gpu: 'NVIDIA H100',
            driver: '570',
            node: '22.1.0',
          },
        },
      ],
    };
    const machines = machineFacts([moved, ...rest]);
    expect(machines.map(({ device, runs }) => [device, runs])).toEqual([
      [someEnvironment.cpu.trim(), rest.length],
      ['NVIDIA H100, driver 570', 1],
    ]);
    expect(versionFacts([moved, ...rest])[0]).toEqual({
      software: 'Node.js',
      versions: [someEnvironment.node, '22.1.0'].sort(),
    });
  });

  it.each([
    [[0, 1, 2], '0 to 2'],
    [[2, 0, 1, 1], '0 to 2'],
    [[0, 1], '0, 1'],
    [[0, 2, 4], '0, 2, 4'],
    [[], 'none'],
  ])('write the seeds %j', (seeds, text) => expect(seedText(seeds)).toBe(text));
});

describe('the card', () => {
  const card = reproducibilityCard(results);

  it('has every variable, with the paper\u2019s side beside ours', () => {
    expect(card.rows.map(({ variable }) => variable)).toEqual([...CARD_VARIABLES]);
    for (const { paper, ours, given } of card.rows) {
      expect(['yes', 'in part', 'no']).toContain(given);
      expect([paper, ours]).not.toContain('');
    }
    // What the paper leaves open is answered.
    const open = card.rows.filter(({ given }) => given === 'no').map(({ variable }) => variable);
    expect(open).toEqual(['data splits', 'software dependencies']);
  });

  it('fills ours from the records', () => {
    expect(cell(card, 'variable', 'data splits', 'ours')).toContain(
      'PDB structures: 32 trained on, 8 held out',
    );
    expect(cell(card, 'variable', 'software dependencies', 'ours')).toContain(
      `Node.js ${someEnvironment.node}`,
    );
    expect(cell(card, 'variable', 'hardware', 'ours')).toContain(`${someEnvironment.cores} cores`);
    expect(cell(card, 'variable', 'open code', 'ours')).toContain(
      'commit `0123456789` (all from a clean tree)',
    );
    expect(cell(card, 'variable', 'experiment setup', 'ours')).toContain(
      `${records.length} of ${results.entries.reduce((sum, { planned }) => sum + planned, 0)} planned runs, those that several experiments share counted in each; profile \`smoke\`, preset \`paper\`; pretraining seeds 0, 1.`,
    );
  });

  it('says of everything that only a run can tell that it is not run', () => {
    const empty = reproducibilityCard(none);
    const open = empty.rows.filter(({ ours }) => ours === 'not run').map(({ variable }) => variable);
    expect(open).toEqual(CARD_VARIABLES.slice(2));
    for (const { paper, variable } of empty.rows) {
      expect(paper).toBe(PAPER_CARD[variable as (typeof CARD_VARIABLES)[number]].what);
    }
  });

  it('has the split and hash of each data set, and the time of each experiment', () => {
    const [data] = dataTable(results).rows;
    expect(data).toMatchObject({
      trained: 32,
      held: 8,
      files: 40,
      sha256: `\`${records[0]?.data.sha256 ?? ''}\``,
    });
    const [runs] = runsTable(results).rows;
    // A second of training and three measurements of a second a run.
    expect(runs).toMatchObject({
      experiment: 'protein',
      recorded: records.length,
      minutes: Number((records.length / 60).toFixed(1)),
      measuring: Number(((3 * records.length) / 60).toFixed(1)),
    });
  });
});

describe('the checklist', () => {
  const list = reproducibilityChecklist(results);

  it('has the 21 items of version 2.0 in their five parts', () => {
    const parts = list.rows.map(({ part }) => part);
    const count = (part: string) => parts.filter((each) => each === part).length;
    expect(['methods', 'theory', 'data', 'code', 'results'].map(count)).toEqual([3, 2, 5, 5, 6]);
  });

  it('is answered from records', () => {
    const of = (asked: string, column: string) => cell(list, 'asked', asked, column);
    expect(of('How often everything was trained and evaluated.', 'where')).toBe(
      `${records.length} trainings, pretraining seeds 0, 1, and what was measured of each in its record.`,
    );
    expect(of('Statistics of the data, such as the number of examples.', 'where')).toBe(
      'PDB structures: 40.',
    );
    expect(of('How data were split for training, validation and testing.', 'where')).toContain(
      'PDB structures: 32 and 8',
    );
    expect(of('Running time of each result, or its energy.', 'where')).toContain(
      'On average 1.0 s training and 3.0 s',
    );
    const judged = results.claims.filter(({ verdict }) => verdict !== 'not run');
    expect(of('Central tendency with a measure of variation.', 'where')).toContain(
      `of ${judged.length} judged claims`,
    );
  });

  it('says what no run has answered yet', () => {
    const open = reproducibilityChecklist(none).rows.filter(({ answer }) => answer === 'not run');
    expect(open.length).toBeGreaterThan(8);
    for (const { where } of open) expect(where).toBe('No run yet.');
  });
});
