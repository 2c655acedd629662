/** What computing a run of the protein experiment again changes: other processors round differently, and training magnifies it. */
import type { EncoderName } from '../experiments/protein/config.js';
import { ENCODER_LABELS } from '../experiments/protein/labels.js';
import type { ProteinResults } from '../experiments/protein/study.js';
import type { RunRecord } from '../runs/record.js';
import { brief, mean, standardDeviation } from './charts/statistics.js';
import { compareSeeds, formatInterval } from './claims.js';
import { estimateOf } from './compared.js';
import { listed } from './phrases.js';
import { QUANTITIES } from './protein.js';

/** One seed of an encoder that two records are of. */
interface Repeat {
  readonly encoder: EncoderName;
  readonly seed: number;
  readonly records: { readonly before: RunRecord; readonly now: RunRecord };
  /** Roundness in both. */
  readonly before: number;
  readonly now: number;
}

/** Trained runs of the main comparison that were computed twice. */
function repeatsOf({ outcomes }: ProteinResults): readonly Repeat[] {
  return outcomes.flatMap(({ encoder, seed, variation, record: now, earlier: [before] = [] }) => {
    if (variation !== null || encoder === 'untrained' || now === null || before === undefined) return [];
    const values = [before, now].map((record) => estimateOf(record, QUANTITIES.roundness)?.value);
    const [first, second] = values;
    if (first === undefined || second === undefined) return [];
    return [{ encoder, seed, records: { before, now }, before: first, now: second }];
  });
}

/** Where a run was computed, in words. */
function machineOf({ sessions }: RunRecord): string {
  const environment = sessions[0]?.environment;
  if (environment === undefined) return 'an unknown machine';
  const { cpu, intraOpThreads: threads } = environment;
  const share = threads === 0 ? 'all cores' : threads === 1 ? 'one thread' : `${threads} threads`;
  return `${cpu} with ${share}`;
}

/** CARE's roundness less SimCLR's over the seeds of both, in one of the computations. */
function advantage(repeats: readonly Repeat[], which: 'before' | 'now'): string | null {
  const of = (encoder: EncoderName) => repeats.filter((repeat) => repeat.encoder === encoder);
  const pairs = of('care').flatMap((care) => {
    const simclr = of('simclr').find(({ seed }) => seed === care.seed);
    return simclr === undefined ? [] : [{ care: care[which], simclr: simclr[which] }];
  });
  if (pairs.length < 2) return null;
  const { difference } = compareSeeds(
    pairs.map(({ care }) => care),
    pairs.map(({ simclr }) => simclr),
    true,
  );
  return formatInterval(difference, undefined, true);
}

/** How much the roundness of an encoder's paths changes, beside what seeds change. */
function changeOf(encoder: EncoderName, repeats: readonly Repeat[]): string {
  const change = Math.sqrt(mean(repeats.map(({ before, now }) => (now - before) ** 2)));
  const overSeeds = standardDeviation(repeats.map(({ now }) => now));
  return `${brief(change, 2)} for ${ENCODER_LABELS[encoder]} (over seeds: ${brief(overSeeds, 2)})`;
}

/** What a second computation of the same seeds changed, as markdown; nothing where there is none, or of one seed alone. */
export function repeatsFinding(results: ProteinResults): readonly string[] {
  const repeats = repeatsOf(results);
  const encoders = [...new Set(repeats.map(({ encoder }) => encoder))];
  const groups = encoders
    .map((encoder) => ({ encoder, own: repeats.filter((repeat) => repeat.encoder === encoder) }))
    .filter(({ own }) => own.length > 1);
  if (groups.length === 0) return [];
  const machines = (['before', 'now'] as const).map((which) =>
    [...new Set(repeats.map(({ records }) => machineOf(records[which])))].join('; '),
  );
  const [before, now] = [advantage(repeats, 'before'), advantage(repeats, 'now')];
  const compared =
    before === null || now === null
      ? ''
      : ` Over these seeds CARE\u2019s roundness less SimCLR\u2019s is ${before} in the first computation and ${now} in the second: a verdict near its edge can turn on rounding, and only more seeds settle it.`;
  return [
    `**Computed twice.** Of ${repeats.length} trained runs there are records of two computations of the same settings, seed and data, on ${machines.join(', then on ')}. ` +
      `They round differently, and training magnifies that: the roundness of a seed\u2019s paths changes, root mean square, by ${listed(groups.map(({ encoder, own }) => changeOf(encoder, own)))}.${compared}`,
  ];
}
