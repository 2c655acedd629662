/** What the first screen says of the runs as such: facts, and a warning of data that are not real. */
import type { RunRecord } from '../runs/record.js';
import type { SummaryBlock } from './blocks.js';

/** The record whose last session ended last. */
export function newest(records: readonly RunRecord[]): RunRecord | undefined {
  const endOf = (record: RunRecord) => record.sessions.at(-1)?.endedAt ?? '';
  return [...records].sort((a, b) => (endOf(a) < endOf(b) ? 1 : -1))[0];
}

/** What the data are called in a warning. */
export interface DataWords {
  /** E.g. `proteins`. */
  readonly items: string;
  /** E.g. `no structures were found under CARE_DATA_DIR`. */
  readonly whyGenerated: string;
}

/** The first name under which records have different data, with what each of them holds: a folder that was changed meanwhile. */
function severalData(records: readonly RunRecord[]): string | undefined {
  for (const name of new Set(records.map(({ data }) => data.name))) {
    const own = new Map(records.flatMap(({ data }) => (data.name === name ? [[data.sha256, data]] : [])));
    if (own.size < 2) continue;
    const each = [...own.values()].map(({ items, sha256 }) => `${items} of sha256 ${sha256.slice(0, 8)}`);
    return `${name}: ${each.join(', ')}`;
  }
  return undefined;
}

/** What must stand in the first line: data that are not real, or not the same for all runs. */
export function warningOf(
  records: readonly RunRecord[],
  { items, whyGenerated }: DataWords,
): Pick<SummaryBlock, 'warning'> {
  const generated = records.some(({ data }) => data.generated);
  const mixed = generated && records.some(({ data }) => !data.generated);
  if (mixed) {
    return {
      warning: `Some of these runs are on generated ${items}, others on real ones: they cannot be compared. Run again with the data of your choice.`,
    };
  }
  const several = severalData(records);
  if (several !== undefined) {
    return {
      warning: `These runs saw different files of one name (${several}): what differs between them may be the ${items}. Run again with the data of your choice.`,
    };
  }
  return generated
    ? {
        warning: `These ${items} were generated: ${whyGenerated}. Nothing here is a statement about real ${items}.`,
      }
    : {};
}

export interface FactsInput {
  readonly profile: string;
  readonly preset: string;
  /** Those that were run. */
  readonly records: readonly RunRecord[];
  readonly planned: number;
  /** What the data set counts, e.g. `structures`. */
  readonly items: string;
}

/** The devices of runs, each with how many ran on it where there are several. */
function devicesOf(records: readonly RunRecord[]): string {
  const devices = records.flatMap(({ sessions }) => {
    const environment = sessions.at(-1)?.environment;
    return environment === undefined ? [] : [`${environment.device}, ${environment.cpu.trim()}`];
  });
  const names = [...new Set(devices)];
  if (names.length < 2) return names[0] ?? 'none';
  const count = (name: string) => devices.filter((device) => device === name).length;
  return names.map((name) => `${name} (${count(name)} runs)`).join('; ');
}

/** First and last day of work. */
export function daysOf(records: readonly RunRecord[]): string {
  const days = records
    .flatMap(({ sessions }) => sessions.map(({ startedAt }) => startedAt.slice(0, 10)))
    .sort();
  const [first = 'not run', last = first] = [days[0], days.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}

/** Profile, preset, data, runs, seeds, devices, dates, and the commit of the newest record. */
export function factsOf({ profile, preset, records, planned, items }: FactsInput): SummaryBlock['facts'] {
  const last = newest(records);
  const seeds = new Set(records.map(({ seeds: { pretraining } }) => pretraining));
  const commit = last?.code.commit;
  const clean = last?.code.clean === false ? ' (changed since)' : '';
  const commits = new Set(records.map(({ code }) => code.commit)).size;
  const among = commits > 1 ? `, the newest of ${commits}` : '';
  const elsewhere = new Set(records.map((record) => record.profile).filter((name) => name !== profile));
  const from = elsewhere.size === 0 ? '' : `; some runs come from ${[...elsewhere].join(', ')}`;
  const data = [...new Set(records.map((record) => `${record.data.name}, ${record.data.items} ${items}`))];
  return [
    { label: 'profile', value: `${profile}${from}` },
    { label: 'preset', value: preset },
    { label: 'data', value: data.length === 0 ? 'none' : data.join('; ') },
    { label: 'runs', value: `${records.length} of ${planned}` },
    { label: 'pretraining seeds', value: String(seeds.size) },
    { label: 'device', value: devicesOf(records) },
    { label: 'date', value: daysOf(records) },
    { label: 'commit', value: commit == null ? 'none' : `${commit.slice(0, 10)}${clean}${among}` },
  ];
}
