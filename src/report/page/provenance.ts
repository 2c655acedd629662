import type { ClaimsBlock, ProvenanceBlock, TableBlock } from '../blocks.js';
import type { Environment, Json, RunRecord } from '../../runs/record.js';
import { claimVerdict } from './badges.js';
import { anchor, escapeHtml } from './escape.js';
import { renderInline } from './markdown.js';
import { scrollable, tableElement } from './tables.js';

/** How many characters of a run's id stand in tables; enough to tell runs apart, and the whole id is one click away. */
const SHORT_ID = 10;

export function shortId(id: string): string {
  return id.slice(0, SHORT_ID);
}

export function runAnchor(id: string): string {
  return `run-${anchor(id)}`;
}

/** Seconds as hours, minutes and seconds, the two largest that matter. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds - 60 * minutes)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Bytes in binary units with three significant digits. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  return `${Number((count / 1024 ** power).toPrecision(3))} ${units[power] ?? 'B'}`;
}

/** The claims, each with the paper's value and ours in one row, and links to the runs that decided it. */
export function claimsTable(block: ClaimsBlock, knownRuns: ReadonlySet<string>): string {
  const rows = block.claims.map((claim) => {
    const runs =
      claim.runs.length === 0 ? '<span class="missing">no run</span>' : runLinks(claim.runs, knownRuns);
    return `<tbody id="${claimAnchor(claim.id)}"><tr>
<th scope="row">${renderInline(claim.claim)}</th>
<td class="paper"><span class="where">${escapeHtml(claim.place)}</span> ${renderInline(claim.paperValue)}</td>
<td class="ours">${claim.ours === 'not run' ? '<span class="missing">not run</span>' : renderInline(claim.ours)}</td>
<td class="ours">${claim.difference === 'not run' ? '<span class="missing">not run</span>' : renderInline(claim.difference)}</td>
<td>${claimVerdict(claim)}</td></tr>
<tr class="because"><td colspan="5"><p>${renderInline(claim.because)}</p><p class="from">Profile <strong>${escapeHtml(claim.profile)}</strong> \u00b7 ${claim.runs.length} ${claim.runs.length === 1 ? 'run' : 'runs'}: ${runs}</p></td></tr></tbody>`;
  });
  const head =
    '<thead><tr><th scope="col">claim</th><th scope="col" class="paper">the paper</th><th scope="col">ours</th><th scope="col">difference</th><th scope="col">verdict</th></tr></thead>';
  return `<div class="block wide">${scrollable('Claims, the paper and ours', `<table class="claims">${head}${rows.join('\n')}</table>`)}</div>`;
}

export function claimAnchor(id: string): string {
  return `claim-${anchor(id)}`;
}

function runLinks(ids: readonly string[], known: ReadonlySet<string>): string {
  return ids
    .map((id) => {
      const name = `<code>${escapeHtml(shortId(id))}</code>`;
      return known.has(id) ? `<a href="#${runAnchor(id)}">${name}</a>` : name;
    })
    .join(' ');
}

/** One row a run, and one fold a run with everything that its record says. */
export function provenanceBlock(block: ProvenanceBlock): string {
  const table = tableElement(overview(block.records)).replaceAll(RUN_TOKEN, (_, id: string) => {
    const found = block.records[Number(id)];
    return found ? `<a href="#${runAnchor(found.id)}"><code>${escapeHtml(shortId(found.id))}</code></a>` : '';
  });
  const folds = block.records.map(
    (record) =>
      `<details class="fold run unfold-in-print"><summary>${escapeHtml(record.label)} <code>${escapeHtml(shortId(record.id))}</code></summary><div id="${runAnchor(record.id)}">${runDetail(record)}</div></details>`,
  );
  return `<div class="block wide">${scrollable('Runs', table.replace('<table>', '<table class="overview">'))}<div class="runs">${folds.join('\n')}</div></div>`;
}

/** Stands for the link of a run inside cells, whose text is escaped. */
const RUN_TOKEN = /\uE002(\d+)\uE002/g;

/** Whether any part of a run was trained on a GPU. */
function usedGpu({ sessions }: RunRecord): boolean {
  return sessions.some(({ environment }) => environment.device === 'gpu');
}

function mebibytes(count: number | undefined): number | string {
  return count === undefined ? 'not measured' : Math.round(count / 2 ** 20);
}

function overview(records: readonly RunRecord[]): TableBlock {
  const gpu = records.some(usedGpu);
  return {
    type: 'table',
    title: 'Runs',
    columns: [
      { key: 'label', title: 'run', kind: 'text' },
      { key: 'id', title: 'record', kind: 'text' },
      { key: 'status', title: 'status', kind: 'text' },
      { key: 'profile', title: 'profile', kind: 'text' },
      { key: 'data', title: 'data', kind: 'text' },
      { key: 'steps', title: 'steps', kind: 'number' },
      { key: 'seconds', title: 'training', unit: 's', kind: 'number' },
      { key: 'views', title: 'views a second', kind: 'number' },
      { key: 'memory', title: 'peak memory', unit: 'MiB', kind: 'number' },
      ...(gpu ? [{ key: 'gpuMemory', title: 'peak GPU memory', unit: 'MiB', kind: 'number' } as const] : []),
    ],
    rows: records.map((record, index) => ({
      label: plainCell(record.label),
      id: `\uE002${index}\uE002`,
      status: record.status,
      profile: plainCell(record.profile),
      data: plainCell(`${record.data.name}${record.data.generated ? ' (generated)' : ''}`),
      steps: record.steps.done,
      seconds: Number(record.trainingSeconds.toFixed(1)),
      views: record.viewsPerSecond === undefined ? 'not measured' : Math.round(record.viewsPerSecond),
      memory: mebibytes(record.peakMemoryBytes),
      ...(gpu ? { gpuMemory: usedGpu(record) ? mebibytes(record.peakDeviceMemoryBytes) : 'no GPU' } : {}),
    })),
  };
}

/** Text of a record is text, not Markdown. */
function plainCell(text: string): string {
  return text.replaceAll(/[\uE000-\uE002]/g, '').replaceAll(/[\\`*_{}[\]()#+\-.!$<>|~]/g, '\\$&');
}

function runDetail(record: RunRecord): string {
  const { data, code } = record;
  const commit = code.commit ?? 'outside a checkout';
  const clean = code.clean === null ? '' : code.clean ? ', clean tree' : ', tree with changes';
  const rows: (readonly [string, string])[] = [
    ['record', mono(record.id)],
    [
      'experiment',
      `${escapeHtml(record.experiment)}, preset ${escapeHtml(record.preset)}, profile ${escapeHtml(record.profile)}`,
    ],
    [
      'status',
      `${record.status}, ${record.steps.done} of ${record.steps.planned} steps, ${record.execution}`,
    ],
    [
      'seeds',
      escapeHtml(
        Object.entries(record.seeds)
          .map(([name, seed]) => `${name} ${seed}`)
          .join(', '),
      ),
    ],
    [
      'data',
      `${escapeHtml(data.name)}${data.generated ? ' (generated)' : ''}: ${data.items} items from ${data.files} files, manifest sha256 ${mono(data.sha256)}`,
    ],
    [
      'code',
      `version ${escapeHtml(code.version)}, commit ${mono(commit)}${clean}, training code ${mono(code.trainingHash)}`,
    ],
    [
      'training',
      `${duration(record.trainingSeconds)} in ${record.sessions.length} ${record.sessions.length === 1 ? 'session' : 'sessions'}`,
    ],
    ['peak memory', measuredBytes(record.peakMemoryBytes)],
    ...(usedGpu(record) ? [['peak GPU memory', measuredBytes(record.peakDeviceMemoryBytes)] as const] : []),
    [
      'weights',
      record.weights
        ? `${escapeHtml(record.weights.file)}, ${record.weights.parameters} parameters, sha256 ${mono(record.weights.sha256)}`
        : 'none',
    ],
    ...record.sessions.map(
      (session, index) =>
        [
          `session ${index + 1}`,
          escapeHtml(
            `${session.startedAt}${session.endedAt === undefined ? '' : ` to ${session.endedAt}`}: steps ${session.fromStep} to ${session.toStep ?? 'unknown'}${session.outcome === undefined ? '' : `, ${session.outcome}`}. ${machine(session.environment)}`,
          ),
        ] as const,
    ),
    [
      'measured',
      escapeHtml(
        Object.values(record.measurements)
          .map(({ name, seconds }) => `${name} (${duration(seconds)})`)
          .join(', ') || 'nothing',
      ),
    ],
    ...record.notes.map((note) => ['note', escapeHtml(note)] as const),
  ];
  const list = rows.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join('');
  return `<dl class="record">${list}</dl><details class="fold"><summary>Configuration as resolved</summary><pre tabindex="0">${escapeHtml(pretty(record.config))}</pre></details>`;
}

function measuredBytes(count: number | undefined): string {
  return count === undefined ? 'not measured' : bytes(count);
}

function mono(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}

function pretty(value: Json): string {
  return JSON.stringify(value, null, 2);
}

function machine(environment: Environment): string {
  const { backend, tensorflow, tfjs, device, gpu, cpu, cores, intraOpThreads, node, platform, oneDnn } =
    environment;
  const engine =
    tensorflow === null
      ? `tfjs ${tfjs} on the ${backend} backend`
      : `TensorFlow ${tensorflow} (tfjs ${tfjs})`;
  const threads = intraOpThreads === 0 ? 'all cores' : `${intraOpThreads} threads`;
  const where =
    device === 'gpu'
      ? `${gpu ?? 'GPU'}${environment.driver === undefined ? '' : `, driver ${environment.driver}`}`
      : `${cpu}, ${cores} cores`;
  return `${engine}, oneDNN ${oneDnn ? 'on' : 'off'}, ${threads}; ${where}, ${bytes(environment.memoryBytes)}; Node ${node}, ${platform}.`;
}
