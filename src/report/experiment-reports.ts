/** What each experiment's report says, for pages that look over all of them: one entry an experiment. */
import {
  collectProperties,
  EQUIVARIANCE_PROPERTIES,
  planProperties,
} from '../experiments/equivariance-properties.js';
import { BENCHMARK_TABLES, planBenchmarkTables } from '../experiments/images/benchmark-tables.js';
import { COLOR_SENSITIVITY, planColorSensitivity } from '../experiments/images/color-sensitivity.js';
import { planRetrieval, RETRIEVAL } from '../experiments/images/retrieval.js';
import { collectImages } from '../experiments/images/study.js';
import { collectProtein, planProtein, PROTEIN } from '../experiments/protein/study.js';
import type { StudyChoice } from '../experiments/study.js';
import type { RunRecord } from '../runs/record.js';
import type { ClaimsBlock, SummaryBlock } from './blocks.js';
import { benchmarkClaims, benchmarkSummary } from './images/benchmark-claims.js';
import { colorClaims, colorSummary } from './images/color-claims.js';
import { retrievalClaims, retrievalSummary } from './images/retrieval-claims.js';
import { propertiesClaims, propertiesSummary } from './properties/claims.js';
import { proteinClaims, proteinSummary } from './protein-claims.js';

/** An experiment as its report judges it, from records alone. */
export interface ExperimentReport {
  /** Name of the experiment, of its notebook and of its page. */
  readonly name: string;
  /** The finished runs of the plan. */
  readonly runs: (records: readonly RunRecord[], choice: StudyChoice) => readonly RunRecord[];
  readonly claims: (records: readonly RunRecord[], choice: StudyChoice) => ClaimsBlock;
  readonly summary: (records: readonly RunRecord[], choice: StudyChoice) => SummaryBlock;
}

/** Plan and records to results, and results to claims and summary. */
function experimentReport<
  Results extends { readonly outcomes: readonly { readonly record: RunRecord | null }[] },
>(
  name: string,
  results: (records: readonly RunRecord[], choice: StudyChoice) => Results,
  claims: (results: Results) => ClaimsBlock,
  summary: (results: Results) => SummaryBlock,
): ExperimentReport {
  return {
    name,
    runs: (records, choice) =>
      results(records, choice).outcomes.flatMap(({ record }) => (record === null ? [] : [record])),
    claims: (records, choice) => claims(results(records, choice)),
    summary: (records, choice) => summary(results(records, choice)),
  };
}

export const EXPERIMENT_REPORTS: readonly ExperimentReport[] = [
  experimentReport(
    PROTEIN,
    (records, choice) => collectProtein(planProtein(choice), records),
    proteinClaims,
    proteinSummary,
  ),
  experimentReport(
    COLOR_SENSITIVITY,
    (records, choice) => collectImages(planColorSensitivity(choice), records),
    colorClaims,
    colorSummary,
  ),
  experimentReport(
    RETRIEVAL,
    (records, choice) => collectImages(planRetrieval(choice), records),
    retrievalClaims,
    retrievalSummary,
  ),
  experimentReport(
    EQUIVARIANCE_PROPERTIES,
    (records, choice) => collectProperties(planProperties(choice), records),
    propertiesClaims,
    propertiesSummary,
  ),
  experimentReport(
    BENCHMARK_TABLES,
    (records, choice) => collectImages(planBenchmarkTables(choice), records),
    benchmarkClaims,
    benchmarkSummary,
  ),
];
