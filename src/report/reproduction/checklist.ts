/**
 * The machine learning reproducibility checklist (Pineau et al., JMLR 2021, version 2.0) for this reproduction: its items in
 * our own words, answered from records where a record can answer.
 */
import type { RunRecord } from '../../runs/record.js';
import type { ClaimResult, TableBlock } from '../blocks.js';
import { mean } from '../charts/statistics.js';
import { bytes, duration } from '../page/provenance.js';
import { measuringSeconds } from './card.js';
import { allRecords, dataFacts, machineFacts, seedText } from './facts.js';
import type { ReproductionResults } from './results.js';

type Answer = 'yes' | 'in part' | 'no' | 'does not apply' | 'not run';

interface Item {
  readonly part: 'methods' | 'theory' | 'data' | 'code' | 'results';
  /** What is asked. */
  readonly asked: string;
  readonly answer: (facts: Facts) => { readonly answer: Answer; readonly where: string };
}

interface Facts {
  readonly results: ReproductionResults;
  readonly records: readonly RunRecord[];
}

function always(answer: Answer, where: string): Item['answer'] {
  return () => ({ answer, where });
}

/** An answer that only runs can give. */
function fromRecords(
  answer: (facts: Facts) => { readonly answer: Answer; readonly where: string },
): Item['answer'] {
  return (facts) =>
    facts.records.length === 0 ? { answer: 'not run', where: 'No run yet.' } : answer(facts);
}

function judgedOverSeeds(claims: readonly ClaimResult[]): {
  readonly judged: number;
  readonly tested: number;
} {
  const judged = claims.filter(({ verdict }) => verdict !== 'not run');
  // An interval in square brackets stands where several pretrainings allowed one.
  return {
    judged: judged.length,
    tested: judged.filter(({ difference }) => difference.includes('[')).length,
  };
}

const ITEMS: readonly Item[] = [
  {
    part: 'methods',
    asked: 'Setting, algorithm and model are described, in mathematics where it serves.',
    answer: always(
      'yes',
      'docs/paper.md; formulas in every notebook, and in the docstring of each loss and measure.',
    ),
  },
  {
    part: 'methods',
    asked: 'Assumptions are stated.',
    answer: always(
      'yes',
      'What the paper leaves open and what was chosen instead: the settings table of each report.',
    ),
  },
  {
    part: 'methods',
    asked: 'Cost in time, memory or samples is analysed.',
    answer: fromRecords(({ records }) => {
      const peaks = records.flatMap(({ peakMemoryBytes }) => peakMemoryBytes ?? []);
      const memory = peaks.length === 0 ? 'not measured' : `at most ${bytes(Math.max(...peaks))}`;
      return {
        answer: 'in part',
        where: `Measured, not derived: views per second, time and peak memory (${memory}) of every run; bench/README.md.`,
      };
    }),
  },
  {
    part: 'theory',
    asked: 'Statements are precise.',
    answer: always('yes', 'Proposition 1 and Corollary 1 as the paper has them: docs/paper.md.'),
  },
  {
    part: 'theory',
    asked: 'Statements are proved.',
    answer: always(
      'does not apply',
      'No theorem of our own; the paper proves its own. What they predict is measured.',
    ),
  },
  {
    part: 'data',
    asked: 'Statistics of the data, such as the number of examples.',
    answer: fromRecords(({ records }) => ({
      answer: 'yes',
      where: `${dataFacts(records)
        .map(({ name, items }) => `${name}: ${items}`)
        .join('; ')}.`,
    })),
  },
  {
    part: 'data',
    asked: 'How data were split for training, validation and testing.',
    answer: fromRecords(({ records }) => {
      const facts = dataFacts(records);
      const known = facts.filter(({ held }) => held !== null);
      const sizes = known.map(
        ({ name, trained, held }) => `${name}: ${trained ?? 'unknown'} and ${held ?? 'unknown'}`,
      );
      return {
        answer: known.length === facts.length ? 'yes' : 'in part',
        where: `Trained on and held out: ${sizes.length === 0 ? 'not measured' : sizes.join('; ')}. No validation set.`,
      };
    }),
  },
  {
    part: 'data',
    asked: 'What was left out, and how data were prepared.',
    answer: always('yes', 'src/data/; what a loader leaves out is told as a remark when a run begins.'),
  },
  {
    part: 'data',
    asked: 'Where the data can be had.',
    answer: fromRecords(({ records }) => {
      const generated = dataFacts(records).filter((fact) => fact.generated).length;
      const made = generated === 0 ? '' : ' Generated data come from their seed.';
      return {
        answer: 'yes',
        where: `\`care data\` downloads the official archives and checks their sha256.${made}`,
      };
    }),
  },
  {
    part: 'data',
    asked: 'How new data were collected and checked.',
    answer: always('does not apply', 'Nothing was collected.'),
  },
  {
    part: 'code',
    asked: 'Dependencies are specified.',
    answer: always('yes', 'package-lock.json; the native library by its sha256; environment.md.'),
  },
  {
    part: 'code',
    asked: 'Training code is there.',
    answer: always('yes', 'src/train, src/methods, src/experiments.'),
  },
  {
    part: 'code',
    asked: 'Evaluation code is there.',
    answer: always('yes', 'src/measure; notebooks; `care measure`.'),
  },
  {
    part: 'code',
    asked: 'Trained models are there.',
    answer: fromRecords(({ records }) => {
      const kept = records.filter(({ weights }) => weights !== undefined).length;
      return {
        answer: 'in part',
        where: `Records name the weights of ${kept} of ${records.length} runs by sha256; files are made anew by the same command, to the same bits with the same code, processor and threads.`,
      };
    }),
  },
  {
    part: 'code',
    asked: 'One page says which command gives which result.',
    answer: always(
      'yes',
      'README.md: `npm run reproduce` makes every report with the profile `laptop`; each report names the profile of its runs, and `care reproduce --profile NAME` makes them.',
    ),
  },
  {
    part: 'results',
    asked: 'Which settings were considered, how they were chosen, and which were used.',
    answer: fromRecords(({ records }) => ({
      answer: 'in part',
      where: `Every setting of ${records.length} runs in their records; what was varied and tried: the section on what did not work in each report. Of pilots there are no records.`,
    })),
  },
  {
    part: 'results',
    asked: 'How often everything was trained and evaluated.',
    answer: fromRecords(({ records }) => ({
      answer: 'yes',
      where: `${records.filter(({ steps }) => steps.done > 0).length} trainings, pretraining seeds ${seedText(records.flatMap(({ seeds: { pretraining } }) => pretraining ?? []))}, and what was measured of each in its record.`,
    })),
  },
  {
    part: 'results',
    asked: 'What each reported number means is defined.',
    answer: always(
      'yes',
      'docs/paper.md and docstrings in src/measure; rules of verdicts in src/report/claims.ts.',
    ),
  },
  {
    part: 'results',
    asked: 'Central tendency with a measure of variation.',
    answer: fromRecords(({ results }) => {
      const { judged, tested } = judgedOverSeeds(results.claims);
      return {
        answer: judged === 0 ? 'not run' : tested === judged ? 'yes' : 'in part',
        where: `${tested} of ${judged} judged claims have a 95% t interval over pretraining seeds.`,
      };
    }),
  },
  {
    part: 'results',
    asked: 'Running time of each result, or its energy.',
    answer: fromRecords(({ records }) => {
      const trained = records
        .filter(({ steps }) => steps.done > 0)
        .map(({ trainingSeconds }) => trainingSeconds);
      const measured = records.map(measuringSeconds);
      return {
        answer: 'yes',
        where: `On average ${trained.length === 0 ? 'no' : duration(mean(trained))} training and ${duration(mean(measured))} measuring a run. Energy was not measured.`,
      };
    }),
  },
  {
    part: 'results',
    asked: 'The machines that were used.',
    answer: fromRecords(({ records }) => ({
      answer: 'yes',
      where: `${machineFacts(records)
        .map(({ device, cores, memory }) => `${device}, ${cores} cores, ${memory}`)
        .join('; ')}.`,
    })),
  },
];

/** The checklist, answered. */
export function reproducibilityChecklist(results: ReproductionResults): TableBlock {
  const facts = { results, records: allRecords(results) };
  return {
    type: 'table',
    title: 'Items and answers',
    stacked: true,
    columns: [
      { key: 'asked', title: 'asked', kind: 'text' },
      { key: 'part', title: 'about', kind: 'text' },
      { key: 'answer', title: 'answer', kind: 'text' },
      { key: 'where', title: 'where, or how much', kind: 'text' },
    ],
    rows: ITEMS.map(({ part, asked, answer }) => ({ asked, part, ...answer(facts) })),
    caption:
      'Items after the machine learning reproducibility checklist (Pineau et al., JMLR 2021), version 2.0, in our own words.',
  };
}
