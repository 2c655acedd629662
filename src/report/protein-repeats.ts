/** What computing runs of the protein experiment again changes: with the same seeds, elsewhere or later. */
import type { EncoderName } from '../experiments/protein/config.js';
import { ENCODER_LABELS } from '../experiments/protein/labels.js';
import type { ProteinOutcome, ProteinResults } from '../experiments/protein/study.js';
import type { RunRecord } from '../runs/record.js';
import { brief, mean, standardDeviation } from './charts/statistics.js';
import { estimateOf } from './compared.js';
import { seedDifferenceText } from './compared-claims.js';
import { listed } from './phrases.js';
import { QUANTITIES } from './protein.js';

/** A trained run of the main comparison with the roundness of its paths. */
interface Measured {
  readonly encoder: EncoderName;
  readonly seed: number;
  readonly record: RunRecord;
  readonly roundness: number;
}

/** A run that was computed more than once: the first and the last of its records. */
interface Repeat {
  readonly first: Measured;
  readonly last: Measured;
}

function measured(
  { encoder, seed, variation }: ProteinOutcome,
  record: RunRecord | null,
): readonly Measured[] {
  const roundness = estimateOf(record, QUANTITIES.roundness)?.value;
  const isMain = variation === null && encoder !== 'untrained';
  return isMain && record !== null && roundness !== undefined ? [{ encoder, seed, record, roundness }] : [];
}

function repeatsOf({ outcomes }: ProteinResults): readonly Repeat[] {
  return outcomes.flatMap((outcome) => {
    const [first] = measured(outcome, outcome.earlier?.at(-1) ?? null);
    const [last] = measured(outcome, outcome.record);
    return first === undefined || last === undefined ? [] : [{ first, last }];
  });
}

const cpuOf = ({ sessions }: RunRecord) => sessions[0]?.environment.cpu ?? 'an unknown processor';
const threadsOf = ({ sessions }: RunRecord) => sessions[0]?.environment.intraOpThreads ?? 0;
const codeOf = ({ code }: RunRecord) => code.trainingHash;

/** Where and with what code runs were computed, in words. */
function placeOf(records: readonly RunRecord[]): string {
  const places = records.map((record) => {
    const threads = threadsOf(record);
    const share = threads === 0 ? 'all cores' : threads === 1 ? 'one thread' : `${threads} threads`;
    const { commit } = record.code;
    return `${cpuOf(record)} with ${share}${commit == null ? '' : ` (commit ${commit.slice(0, 10)})`}`;
  });
  return [...new Set(places)].join('; ');
}

/** What is not the same in both computations of some run, of that which can change the last bits. */
function differing(repeats: readonly Repeat[]): readonly string[] {
  const differs = (of: (record: RunRecord) => unknown) =>
    repeats.some(({ first, last }) => of(first.record) !== of(last.record));
  return [
    ...(differs(cpuOf) ? ['processor'] : []),
    ...(differs(threadsOf) ? ['number of threads'] : []),
    ...(differs(codeOf) ? ['version of the code'] : []),
  ];
}

/** CARE's roundness less SimCLR's over the seeds of both; null for fewer than two. */
function advantage(runs: readonly Measured[]): string | null {
  const of = (wanted: EncoderName) =>
    runs.flatMap(({ encoder, seed, roundness: value }) => (encoder === wanted ? [{ seed, value }] : []));
  return seedDifferenceText(of('care'), of('simclr'));
}

/** How much the roundness of an encoder's paths changes, beside what seeds change. */
function changeOf(encoder: EncoderName, repeats: readonly Repeat[]): string {
  const change = Math.sqrt(mean(repeats.map(({ first, last }) => (last.roundness - first.roundness) ** 2)));
  const overSeeds = standardDeviation(repeats.map(({ last }) => last.roundness));
  return `${brief(change, 2)} for ${ENCODER_LABELS[encoder]} (over seeds: ${brief(overSeeds, 2)})`;
}

/** CARE beside SimCLR in the first computation, in the last, and over the seeds that were computed once. */
function comparedText(results: ProteinResults, repeats: readonly Repeat[]): string {
  const first = advantage(repeats.map((repeat) => repeat.first));
  const last = advantage(repeats.map((repeat) => repeat.last));
  if (first === null || last === null) return '';
  const seeds = new Set(repeats.map(({ last: { seed } }) => seed));
  const once = results.outcomes.filter(({ seed }) => !seeds.has(seed));
  const alone = advantage(once.flatMap((outcome) => measured(outcome, outcome.record)));
  const confirmed =
    alone === null
      ? ' Only more seeds settle that.'
      : ` The seeds that were computed once, ${listed([...new Set(once.map(({ seed }) => String(seed)))])}, give ${alone} by themselves; they were added after looking at the others, for which the interval over all seeds makes no allowance.`;
  return ` Over these seeds CARE\u2019s roundness less SimCLR\u2019s is ${first} in the first computation and ${last} in the second: a verdict near its edge can turn on such a change.${confirmed}`;
}

/** What a second computation of the same seeds changed, as markdown; nothing where there is none, or of one seed alone. */
export function repeatsFinding(results: ProteinResults): readonly string[] {
  const repeats = repeatsOf(results);
  const encoders = [...new Set(repeats.map(({ last }) => last.encoder))];
  const groups = encoders
    .map((encoder) => ({ encoder, own: repeats.filter(({ last }) => last.encoder === encoder) }))
    .filter(({ own }) => own.length > 1);
  if (groups.length === 0) return [];
  const places = [
    placeOf(repeats.map(({ first }) => first.record)),
    placeOf(repeats.map(({ last }) => last.record)),
  ];
  const what = differing(repeats);
  const cause =
    what.length === 0
      ? ''
      : `They differ in ${listed(what)}, which can change the last bits, and training magnifies these. `;
  return [
    `**Computed twice.** Of ${repeats.length} trained runs there are records of two computations of the same settings, seed and data: on ${places.join(', then on ')}. ` +
      `${cause}The roundness of a seed\u2019s paths changes, root mean square, by ${listed(groups.map(({ encoder, own }) => changeOf(encoder, own)))}.${comparedText(results, repeats)}`,
  ];
}
