/** The first screen of the reproducibility report, its table of claims and its list of reports. */
import type { RunRecord } from '../../runs/record.js';
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
import { duration } from '../page/provenance.js';
import { listed } from '../listed.js';
import { placesIn, placesText } from '../paper-rows.js';
import { allRecords, dataFacts, machineFacts } from './facts.js';
import type { ReproductionResults } from './results.js';

/** What a verdict says, for readers who meet it first. */
const MEANING: Readonly<Record<Verdict, string>> = {
  reproduced: 'shown in the paper\u2019s own setting, beyond what seeds explain',
  'direction holds': 'the same ordering in a smaller setting, beyond what seeds explain',
  'not reproduced': 'run, and not shown beyond what seeds explain',
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
  ['not reproduced', (places) => `of ${places} nothing shows`],
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

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** The whole in two sentences, computed from the verdicts. */
export function reproductionAnswer(results: ReproductionResults): string {
  const counts = countVerdicts(results.claims);
  const total = results.claims.length;
  if (counts['not run'] === total) return `None of ${total} claims was decided yet: nothing is run.`;
  const parts = [
    `${counts.reproduced} ${counts.reproduced === 1 ? 'is' : 'are'} reproduced in the paper\u2019s setting`,
    `the direction of ${counts['direction holds']} holds in a smaller one`,
    `${counts['not reproduced']} ${counts['not reproduced'] === 1 ? 'does' : 'do'} not show`,
    `${counts['not run']} ${counts['not run'] === 1 ? 'is' : 'are'} not run`,
  ];
  return `Of ${total} claims ${listed(parts)}. ${findings(results)}`;
}

function marksOf({ entries, claims }: ReproductionResults): {
  readonly groups: readonly string[];
  readonly marks: readonly VerdictMark[];
} {
  const names = [
    ...new Set([...entries.map(({ name }) => name), ...claims.map(({ experiment }) => experiment)]),
  ];
  const title = (name: string) => (name === 'none' ? 'no experiment' : name);
  return {
    groups: names.map(title),
    marks: claims.map(({ experiment, verdict, claim }) => ({ group: title(experiment), verdict, claim })),
  };
}

/** Every claim as a mark. */
export function verdictFigure(results: ReproductionResults): FigureBlock {
  const { groups, marks } = marksOf(results);
  const counts = countVerdicts(marks);
  const holds = counts.reproduced + counts['direction holds'];
  return {
    type: 'figure',
    id: 'verdicts',
    title: `${holds} of ${marks.length} claims hold, ${counts['not reproduced']} do not, ${counts['not run']} are not run`,
    panels: [{ title: '', spec: verdictChart(groups, marks) }],
    weSee: `Each mark is a claim. ${VERDICTS.map((verdict) => `**${capital(verdict)}**: ${MEANING[verdict]}`).join('. ')}.`,
    // The interval of a difference that is 0 lies beyond it on the claim's side in 2.5 of 100 cases.
    differs:
      'Each claim is judged by itself, by a 95 % interval over pretraining seeds and without correction for how many there are: of claims to which nothing is, one in 40 would hold by chance. With two or three seeds only large differences can show.',
    alt: describeVerdicts(groups, marks),
    data: verdictTable(groups, marks),
  };
}

/** First and last day of work. */
function days(records: readonly RunRecord[]): string {
  const dates = records
    .flatMap(({ sessions }) => sessions.map(({ startedAt }) => startedAt.slice(0, 10)))
    .sort();
  const [first = 'not run', last = first] = [dates[0], dates.at(-1)];
  return first === last ? first : `${first} to ${last}`;
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
    fact('dates', days(records)),
    fact('commits', [...commits].join(', ')),
  ];
}

/** The first screen. */
export function reproductionSummary(results: ReproductionResults): SummaryBlock {
  const counts = countVerdicts(results.claims);
  const total = results.claims.length;
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
      label: `${counts[verdict]} of ${total} claims`,
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
