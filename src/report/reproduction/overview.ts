/** The first screen of the reproducibility report, its table of claims and its list of reports. */
import type {
  ClaimIndexBlock,
  FigureBlock,
  ProseBlock,
  ReportedClaim,
  SummaryBlock,
  Verdict,
} from '../blocks.js';
import {
  countVerdicts,
  describeVerdicts,
  VERDICTS,
  verdictChart,
  verdictTable,
  type VerdictMark,
} from '../charts/verdicts.js';
import { daysOf } from '../first-screen.js';
import { duration } from '../page/provenance.js';
import { capital, listed } from '../phrases.js';
import { placesIn, placesText } from '../paper-rows.js';
import { allRecords, dataFacts, machineFacts } from './facts.js';
import { claimsByAsker, type ASKED, type ReproductionResults } from './results.js';
import { IMAGES } from '../../experiments/images/pretrain.js';

/** What a verdict says, for readers who meet it first. */
const MEANING: Readonly<Record<Verdict, string>> = {
  reproduced: 'shown in the paper\u2019s own setting, beyond what seeds explain',
  'direction holds': 'the same ordering in a smaller setting, beyond what seeds explain',
  'not reproduced':
    'run, and not shown beyond what seeds explain: undecided, or contradicted, where the interval lies on the other side, for one rival at least',
  'not run': 'no finished run that could decide it',
};

/**
 * What became of a row as a whole: the weaker verdict where all its claims hold, `mixed` where some do and others do not or
 * are not run.
 */
export function rowVerdict(claims: readonly Pick<ReportedClaim, 'verdict'>[]): Verdict | 'mixed' {
  const has = (verdict: Verdict) => claims.some((claim) => claim.verdict === verdict);
  const holds = has('reproduced') || has('direction holds');
  if (!holds) return has('not reproduced') ? 'not reproduced' : 'not run';
  if (has('not reproduced') || has('not run')) return 'mixed';
  return has('direction holds') ? 'direction holds' : 'reproduced';
}

/** What is said of rows by what became of them. */
const SAID: readonly (readonly [Verdict | 'mixed', (places: string) => string])[] = [
  ['reproduced', (places) => `what the paper shows in ${places} is reproduced`],
  ['direction holds', (places) => `the direction of ${places} holds`],
  ['mixed', (places) => `of ${places} a part holds`],
  ['not reproduced', (places) => `of ${places} nothing is shown`],
  ['not run', (places) => `of ${places} nothing is run`],
];

/** The paper's figures and tables by what became of them, as one sentence. */
function findings({ rows }: ReproductionResults): string {
  const paper = rows.filter(({ asked }) => asked === 'by the paper');
  const parts = SAID.flatMap(([verdict, say]) => {
    const places = paper
      .filter(({ claims }) => rowVerdict(claims) === verdict)
      .flatMap(({ place }) => placesIn(place));
    return places.length === 0 ? [] : [say(placesText(places))];
  });
  return `${capital(parts.join('; '))}.`;
}

/** How many of some claims hold, show otherwise, stay open and are not run. */
function countWords(claims: readonly ReportedClaim[]): string {
  const counts = countVerdicts(claims);
  const opposite = claims.filter((claim) => claim.opposite === true).length;
  const open = counts['not reproduced'] - opposite;
  const parts = [
    [counts.reproduced, (n: number) => `${n} ${n === 1 ? 'is' : 'are'} reproduced in its setting`],
    [counts['direction holds'], (n: number) => `the direction of ${n} holds in a smaller one`],
    [opposite, (n: number) => `${n} ${n === 1 ? 'is' : 'are'} contradicted`],
    [open, (n: number) => `${n} ${n === 1 ? 'stays' : 'stay'} undecided`],
    [counts['not run'], (n: number) => `${n} ${n === 1 ? 'is' : 'are'} not run`],
  ] as const;
  return listed(parts.flatMap(([n, say]) => (n === 0 ? [] : [say(n)])));
}

/** How large encoders of images were, and how long they were trained: without it no verdict can be read. */
function sizeText(results: ReproductionResults): string {
  const images = allRecords(results).filter(({ experiment }) => experiment === IMAGES);
  const most = (values: readonly number[]) => String(Math.max(...values));
  const parameters = images.flatMap(({ weights }) => weights?.parameters ?? []);
  const steps = images.map(({ steps: { done } }) => done);
  if (parameters.length === 0) return '';
  return ` Encoders of images have at most ${most(parameters)} parameters here and were trained for at most ${most(steps)} steps.`;
}

/** Claims by who asked for them, in a sentence. */
const OF: Readonly<Record<(typeof ASKED)[number], string>> = {
  'the paper': 'claims of the paper',
  'its reviewers': 'that its reviewers asked for',
  'controls and additions': 'controls and additions of our own',
};

/** The whole in a few sentences, computed from the verdicts. */
export function reproductionAnswer(results: ReproductionResults): string {
  const counts = countVerdicts(results.claims);
  const total = results.claims.length;
  if (counts['not run'] === total) return `None of ${total} claims was decided yet: nothing is run.`;
  const [paper, ...rest] = claimsByAsker(results);
  const none = countVerdicts(paper.claims).reproduced === 0 ? 'none is reproduced in its setting: ' : '';
  const others = rest
    .filter(({ claims }) => claims.length > 0)
    .map(({ asked, claims }) => `of ${claims.length} ${OF[asked]}, ${countWords(claims)}`);
  const own = `Of ${paper.claims.length} ${OF[paper.asked]}, ${none}${countWords(paper.claims)}.`;
  const beside = others.length === 0 ? '' : ` ${capital(others.join('; '))}.`;
  return `${own} ${findings(results)}${beside}${sizeText(results)}`;
}

function marksOf(results: ReproductionResults): {
  readonly groups: readonly string[];
  readonly marks: readonly VerdictMark[];
} {
  const sections = claimsByAsker(results);
  return {
    groups: sections.map(({ asked }) => asked),
    marks: sections.flatMap(({ asked, claims }) =>
      claims.map(({ verdict, claim }) => ({ group: asked, verdict, claim })),
    ),
  };
}

/** Every claim as a mark. */
export function verdictFigure(results: ReproductionResults): FigureBlock {
  const { groups, marks } = marksOf(results);
  const [paper] = claimsByAsker(results);
  return {
    type: 'figure',
    id: 'verdicts',
    title: `Of ${paper.claims.length} claims of the paper, ${countWords(paper.claims)}`,
    panels: [{ title: '', spec: verdictChart(groups, marks) }],
    weSee: `Each mark is a claim, in the row of who asked for it: the paper, its reviewers, or this reproduction, as a control or an addition. ${VERDICTS.map((verdict) => `**${capital(verdict)}**: ${MEANING[verdict]}`).join('. ')}.`,
    // The interval of a difference that is 0 lies beyond it on the claim's side in 2.5 of 100 cases.
    differs:
      'Each claim is judged by itself, by a 95 % interval over pretraining seeds and without correction for how many there are: of claims without any true effect, one in 40 would hold by chance. With two or three seeds only large differences can show.',
    alt: describeVerdicts(groups, marks),
    data: verdictTable(groups, marks),
  };
}

function factsOf(results: ReproductionResults): SummaryBlock['facts'] {
  const records = allRecords(results);
  const { entries } = results;
  const profiles = [
    ...new Set(entries.filter(({ recorded }) => recorded > 0).map(({ choice }) => choice.profile)),
  ];
  const seeds = new Set(records.flatMap(({ seeds: { pretraining } }) => pretraining ?? []));
  const seconds = records.reduce((sum, { trainingSeconds }) => sum + trainingSeconds, 0);
  const commits = new Set(records.flatMap(({ code: { commit } }) => commit?.slice(0, 10) ?? []));
  const fact = (label: string, value: string) => ({ label, value: value === '' ? 'none' : value });
  return [
    fact('profiles', profiles.join(', ')),
    fact('runs', String(records.length)),
    fact(
      'data',
      dataFacts(records)
        .map(({ name, items }) => `${name}, ${items}`)
        .join('; '),
    ),
    fact('pretraining seeds', [...seeds].sort((a, b) => a - b).join(', ')),
    fact(
      'devices',
      machineFacts(records)
        .map(({ device }) => device)
        .join('; '),
    ),
    fact('training in all', duration(seconds)),
    fact('dates', daysOf(records)),
    fact('commits', [...commits].join(', ')),
  ];
}

/** The first screen. */
export function reproductionSummary(results: ReproductionResults): SummaryBlock {
  const [{ claims: own }] = claimsByAsker(results);
  const counts = countVerdicts(own);
  const generated = allRecords(results).some(({ data }) => data.generated);
  return {
    type: 'summary',
    question: 'Which claims of the paper can be reproduced?',
    answer: reproductionAnswer(results),
    ...(generated
      ? {
          warning:
            'Some of these runs are on generated data, because no real data were found under CARE_DATA_DIR. What they show is no statement about the paper\u2019s data.',
        }
      : {}),
    verdicts: VERDICTS.map((verdict) => ({
      label: `${counts[verdict]} of ${own.length} claims of the paper`,
      verdict,
      claim: capital(MEANING[verdict]),
    })),
    hero: verdictFigure(results),
    facts: factsOf(results),
  };
}

/** Every row with its claims, to be looked through by verdict. */
export function reproductionClaims({ rows, others }: ReproductionResults): ClaimIndexBlock {
  const asked = (by: 'by the paper' | 'by its reviewers') =>
    rows
      .filter((row) => row.asked === by)
      .map(({ id, place, shows, claims }) => ({ id, place, shows, claims }));
  return {
    type: 'claim-index',
    sections: [
      { title: 'What the paper shows', groups: asked('by the paper') },
      { title: 'What its reviewers asked for', groups: asked('by its reviewers') },
      ...(others.length === 0 ? [] : [{ title: 'Controls and additions', groups: others }]),
    ],
  };
}

/** Every report with its question, its answer and how much of its plan was run. */
export function reproductionReports({ entries }: ReproductionResults): ProseBlock {
  const items = entries.map(({ summary, report, choice, planned, recorded }) => {
    const question =
      report === undefined ? `**${summary.question}**` : `**[${summary.question}](${report})**`;
    const warning = summary.warning === undefined ? '' : ` *${summary.warning}*`;
    const about =
      recorded === 0 ? 'Not run.' : `Profile \`${choice.profile}\`, ${recorded} of ${planned} runs.`;
    return `- ${question}\n  ${recorded === 0 ? '' : `${summary.answer}${warning}\n  `}${about}`;
  });
  return { type: 'prose', markdown: items.join('\n') };
}
