/** Claims that one method is better than others in a quantity: written down once, judged by records. */
import type { ClaimResult, SummaryBlock } from './blocks.js';
import { compareSeeds, formatInterval, judgeBest, judgeOrdering, type Judgement } from './claims.js';
import {
  pairSeeds,
  runsOf,
  seedValues,
  valuesBySeed,
  type Compared,
  type Quantity,
  type SeedValue,
} from './compared.js';

/** What is said of a claim, however it is judged. */
export interface ClaimText {
  readonly id: string;
  /** A few words for the badge on the first screen. */
  readonly label: string;
  readonly claim: string;
  readonly place: string;
  readonly paperValue: string;
}

/** A claim that one method is better than others in a quantity; `Method` is a name that charts show. */
export interface ClaimDefinition<Method extends string = string> extends ClaimText {
  readonly quantity: Quantity;
  readonly ours: Method;
  /** One rival: an ordering. Several: ours must be the best of all. */
  readonly rivals: readonly Method[];
}

/** Whether values of one index come from one seed: an experiment that was interrupted has more of one method than of another. */
export function pairedBySeed(compared: Compared, methods: readonly string[], quantity: Quantity): boolean {
  const seeds = methods.map((method) =>
    valuesBySeed(compared, method, quantity)
      .map(({ seed }) => seed)
      .join(),
  );
  return new Set(seeds).size === 1;
}

/** Ours less the other's over the seeds of both, with its 95 % interval; null for fewer than two. */
export function seedDifferenceText(ours: readonly SeedValue[], others: readonly SeedValue[]): string | null {
  const pairs = pairSeeds(ours, others);
  if (pairs.length < 2) return null;
  const { difference } = compareSeeds(
    pairs.map((pair) => pair.ours),
    pairs.map(({ other }) => other),
    true,
  );
  return formatInterval(difference, undefined, true);
}

function judgement(compared: Compared, { quantity, ours, rivals }: ClaimDefinition): Judgement {
  const ran = rivals.filter((rival) => seedValues(compared, rival, quantity).length > 0);
  const common = {
    ours: seedValues(compared, ours, quantity),
    paired: pairedBySeed(compared, [ours, ...ran], quantity),
    oursName: ours,
    lowerIsBetter: quantity.lowerIsBetter,
    sameSetting: compared.sameSetting,
    ...(quantity.unit === undefined ? {} : { unit: quantity.unit }),
  };
  const values = rivals.map((name) => ({ name, values: seedValues(compared, name, quantity) }));
  const [only] = values;
  if (values.length === 1 && only !== undefined) {
    return judgeOrdering({ ...common, other: only.values, otherName: only.name });
  }
  return judgeBest({ ...common, rivals: values });
}

/** A judgement as the table of claims shows it, with the runs of the methods that are in it. */
export function claimResult(
  compared: Compared,
  { id, claim, place, paperValue }: ClaimText,
  { verdict, opposite, ours, difference, because }: Judgement,
  quantity: Pick<Quantity, 'title'>,
  methods: readonly string[],
): ClaimResult {
  return {
    id,
    claim,
    place,
    paperValue,
    ours: `${quantity.title}: ${ours}`,
    difference,
    verdict,
    ...(opposite === true && verdict === 'not reproduced' ? { opposite } : {}),
    because,
    profile: compared.profile,
    runs: methods.flatMap((method) => runsOf(compared, method).map(({ record }) => record.id)),
  };
}

/** A claim with its verdict. */
export function judgeClaim(compared: Compared, definition: ClaimDefinition): ClaimResult {
  const { quantity, ours, rivals } = definition;
  return claimResult(compared, definition, judgement(compared, definition), quantity, [ours, ...rivals]);
}

/** The verdicts of the first screen. */
export function verdictBadges(
  texts: readonly ClaimText[],
  claims: readonly ClaimResult[],
): SummaryBlock['verdicts'] {
  const labels = new Map(texts.map(({ id, label }) => [id, label]));
  return claims.map(({ id, verdict, claim }) => ({ label: labels.get(id) ?? id, verdict, claim }));
}

/** What sentences ask of verdicts. */
export interface Verdicts {
  /** The claim is reproduced, or its direction holds. */
  readonly holds: (id: string) => boolean;
  readonly missing: (id: string) => boolean;
  /** The interval lies wholly on the other side. */
  readonly opposite: (id: string) => boolean;
  readonly nothingRun: boolean;
}

export function verdictsOf(claims: readonly ClaimResult[]): Verdicts {
  const verdictOf = (id: string) => claims.find((claim) => claim.id === id)?.verdict ?? 'not run';
  return {
    holds: (id) => verdictOf(id) === 'reproduced' || verdictOf(id) === 'direction holds',
    missing: (id) => verdictOf(id) === 'not run',
    opposite: (id) => claims.some((claim) => claim.id === id && claim.opposite === true),
    nothingRun: claims.every(({ verdict }) => verdict === 'not run'),
  };
}
