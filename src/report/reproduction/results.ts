/** The whole reproduction at a glance: every experiment with its claims, and every row of the paper with the claims that decide it. */
import { EXPERIMENTS, experimentsNamed } from '../../experiments/experiments.js';
import {
  mostRecorded,
  type Experiment,
  type PartialChoice,
  type StudyChoice,
} from '../../experiments/study.js';
import { parseOverrides } from '../../runs/configuration.js';
import type { RunRecord } from '../../runs/record.js';
import type { ClaimGroup, ReportedClaim, SummaryBlock } from '../blocks.js';
import { EXPERIMENT_REPORTS, type ExperimentReport } from '../experiment-reports.js';
import { PAPER_ROWS, placesIn, type ClaimSource, type PaperRow } from '../paper-rows.js';

/** What to look at. */
export interface ReproductionChoice extends Pick<StudyChoice, 'preset'> {
  /** Left out: of each experiment the profile with most runs. */
  readonly profile?: StudyChoice['profile'];
  /** Data set and settings (`training.lambda=3`) of experiments for which they were chosen. */
  readonly chosen?: Readonly<
    Record<string, { readonly data?: string; readonly settings?: readonly string[] }>
  >;
  /** Experiments whose reports stand beside this one. */
  readonly reports?: readonly string[];
}

/** An experiment with what its records say. */
export interface ExperimentEntry {
  readonly name: string;
  readonly about: string;
  readonly choice: StudyChoice;
  /** Runs of the plan, counted. */
  readonly planned: number;
  readonly recorded: number;
  /** The records, each once. */
  readonly records: readonly RunRecord[];
  readonly summary: SummaryBlock;
  readonly claims: readonly ReportedClaim[];
  /** File of its report beside this one. */
  readonly report?: string;
}

export interface ReproductionResults {
  readonly entries: readonly ExperimentEntry[];
  /** The paper's figures and tables, and the reviewers' requests. A claim may stand in two. */
  readonly rows: readonly (ClaimGroup & { readonly asked: PaperRow['asked'] })[];
  /** Claims of no row: controls and additions. */
  readonly others: readonly ClaimGroup[];
  /** Every claim once; a row that nothing decides counts as one that is not run. */
  readonly claims: readonly ReportedClaim[];
}

function unique(records: readonly RunRecord[]): readonly RunRecord[] {
  return [...new Map(records.map((record) => [record.id, record])).values()];
}

function partialChoice({ preset, profile, chosen = {} }: ReproductionChoice, name: string): PartialChoice {
  const { data, settings = [] } = chosen[name] ?? {};
  return {
    preset,
    ...(profile === undefined ? {} : { profile }),
    ...(data === undefined ? {} : { data }),
    ...(settings.length === 0 ? {} : { overrides: parseOverrides(settings) }),
  };
}

function entryOf(
  experiment: Experiment,
  report: ExperimentReport,
  records: readonly RunRecord[],
  choice: ReproductionChoice,
): ExperimentEntry {
  const { name, about } = experiment;
  const { plan, recorded } = mostRecorded(experiment, records, partialChoice(choice, name));
  const file = choice.reports?.includes(name) === true ? { report: `${name}.html` } : {};
  return {
    name,
    about,
    choice: plan.choice,
    planned: plan.runs.length,
    recorded,
    records: unique(report.runs(records, plan.choice)),
    summary: report.summary(records, plan.choice),
    claims: report
      .claims(records, plan.choice)
      .claims.map((claim) => ({ ...claim, experiment: name, ...file })),
    ...file,
  };
}

function decidedBy(source: ClaimSource, claim: ReportedClaim): boolean {
  if (claim.experiment !== source.experiment) return false;
  if ('ids' in source) return source.ids.includes(claim.id);
  return placesIn(claim.place).some((place) => source.places.includes(place));
}

/** A row that no claim decides. */
function undecided({ id, shows, place, decidedBy: sources }: PaperRow): ReportedClaim {
  const names = [...new Set(sources.map(({ experiment }) => experiment))];
  return {
    id,
    claim: shows,
    place,
    paperValue: '',
    ours: 'not run',
    difference: 'not run',
    verdict: 'not run',
    because: `The report ${names.join(' or ')} has no claim of it.`,
    profile: 'none',
    runs: [],
    experiment: names[0] ?? 'none',
  };
}

function rowOf(row: PaperRow, claims: readonly ReportedClaim[]) {
  const own = claims.filter((claim) => row.decidedBy.some((source) => decidedBy(source, claim)));
  const { id, place, shows, asked } = row;
  return { id, place, shows, asked, claims: own.length === 0 ? [undecided(row)] : own };
}

/** Who asked for claims. */
export const ASKED = ['the paper', 'its reviewers', 'controls and additions'] as const;

/** Claims that somebody asked for. */
export interface AskedClaims {
  readonly asked: (typeof ASKED)[number];
  readonly claims: readonly ReportedClaim[];
}

/** The claims by who asked for them, each once: one that the paper makes is the paper's, though its reviewers asked for more of it. */
export function claimsByAsker({
  rows,
  others,
}: Pick<ReproductionResults, 'rows' | 'others'>): readonly [AskedClaims, AskedClaims, AskedClaims] {
  const of = (by: PaperRow['asked']) =>
    rows.filter(({ asked }) => asked === by).flatMap(({ claims }) => claims);
  const paper = [...new Set(of('by the paper'))];
  const reviewers = [...new Set(of('by its reviewers'))].filter((claim) => !paper.includes(claim));
  const [first, second, third] = ASKED;
  return [
    { asked: first, claims: paper },
    { asked: second, claims: reviewers },
    { asked: third, claims: others.flatMap(({ claims }) => claims) },
  ];
}

/**
 * What records say of all experiments, without data, engine or training.
 *
 * @throws UserError for settings of an experiment that does not exist, or that are no settings of it.
 */
export function collectReproduction(
  records: readonly RunRecord[],
  choice: ReproductionChoice,
): ReproductionResults {
  experimentsNamed([...Object.keys(choice.chosen ?? {}), ...(choice.reports ?? [])]);
  const entries = EXPERIMENTS.map((experiment) => {
    const report = EXPERIMENT_REPORTS.find(({ name }) => name === experiment.name);
    if (report === undefined)
      throw new Error(`The experiment ${experiment.name} has no entry in report/experiment-reports.ts.`);
    return entryOf(experiment, report, records, choice);
  });
  const claims = entries.flatMap((entry) => entry.claims);
  const rows = PAPER_ROWS.map((row) => rowOf(row, claims));
  const inRows = new Set(rows.flatMap((row) => row.claims));
  const others = entries.flatMap(({ name, about, claims: own }) => {
    const left = own.filter((claim) => !inRows.has(claim));
    return left.length === 0 ? [] : [{ id: `more-${name}`, place: name, shows: about, claims: left }];
  });
  const all = [...inRows, ...others.flatMap((group) => group.claims)];
  return { entries, rows, others, claims: all };
}
