/** Blocks as simple HTML for Jupyter, which brings its own colours for light and dark, and as plain text. */
import type {
  Block,
  ClaimResult,
  ClaimIndexBlock,
  ClaimsBlock,
  FigureBlock,
  Gallery,
  Picture,
  PicturesBlock,
  ProseBlock,
  SettingsBlock,
  SummaryBlock,
  TableBlock,
  TableCell,
  TableColumn,
  Verdict,
} from '../report/blocks.js';
import type { RunRecord } from '../runs/record.js';

/** A verdict is a shape and a word as well, never a colour alone. */
const VERDICT_MARKS: Readonly<Record<Verdict, string>> = {
  reproduced: '●',
  'direction holds': '◐',
  'not reproduced': '○',
  'not run': '◌',
};

/** A piece of a page whose texts are escaped already. */
type Html = string;

/** Text made safe for HTML, between tags and in attributes. */
export function escapeHtml(text: string): Html {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** The block as HTML; figures and prose have better forms (Vega-Lite, Markdown) and are not made here. */
export function blockHtml(block: Exclude<Block, FigureBlock | ProseBlock>): Html {
  switch (block.type) {
    case 'table':
      return tableHtml(block);
    case 'pictures':
      return picturesHtml(block);
    case 'claims':
      return tableHtml(claimsTable(block));
    case 'claim-index':
      return tableHtml(claimIndexTable(block));
    case 'summary':
      return summaryHtml(block);
    case 'settings':
      return tableHtml(settingsTable(block));
    case 'provenance':
      return tableHtml(provenanceTable(block.records));
  }
}

/** The block as text: for terminals, and for readers whose Jupyter shows nothing better. */
export function blockText(block: Block): string {
  switch (block.type) {
    case 'figure':
      return `${block.title}\n${block.alt}`;
    case 'prose':
      return block.markdown;
    case 'table':
      return tableText(block);
    case 'pictures':
      return `${block.title}\n${tableText(block.data)}`;
    case 'claims':
      return tableText(claimsTable(block));
    case 'claim-index':
      return tableText(claimIndexTable(block));
    case 'summary':
      return summaryText(block);
    case 'settings':
      return tableText(settingsTable(block));
    case 'provenance':
      return tableText(provenanceTable(block.records));
  }
}

/** A picture that is one: nothing else may stand in a page's source. */
const PNG = /^data:image\/png;base64,[A-Za-z0-9+/]+=*$/;

function pictureHtml({ src, alt, marked = false }: Picture): Html {
  const safe = PNG.test(src) ? src : '';
  const frame = marked ? 'outline:2px solid currentColor;outline-offset:1px' : '';
  return `<img src="${safe}" alt="${escapeHtml(alt)}" title="${escapeHtml(alt)}" width="48" height="48" style="display:inline-block;margin:3px;${frame}">`;
}

function galleryHtml({ title, lead, columns, rows }: Gallery): Html {
  const query = lead.map(
    (picture) =>
      `<span style="margin-right:1em">${pictureHtml(picture)} ${escapeHtml(picture.caption)}</span>`,
  );
  const head = columns.map((name) => `<th style="text-align:left">${escapeHtml(name)}</th>`).join('');
  const body = rows.map(({ label, columns: found }) => {
    const cells = found.map(
      (pictures) =>
        `<td style="text-align:left;white-space:nowrap">${pictures.map(pictureHtml).join('')}</td>`,
    );
    return `<tr><th style="text-align:left">${escapeHtml(label)}</th>${cells.join('')}</tr>`;
  });
  return `<p>${escapeHtml(title)}</p><p>${query.join('')}</p><table><thead><tr><th></th>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function picturesHtml({ title, galleries, markMeans }: PicturesBlock): Html {
  const legend = markMeans === undefined ? '' : `<p><small>Framed: ${escapeHtml(markMeans)}.</small></p>`;
  return `<p><strong>${escapeHtml(title)}</strong></p>${galleries.map(galleryHtml).join('')}${legend}`;
}

function tableHtml(table: TableBlock): Html {
  const head = table.columns.map((column) => cellHtml('th', column, escapeHtml(header(column)))).join('');
  const rows = table.rows.map((row) => {
    const cells = table.columns.map((column) =>
      cellHtml('td', column, escapeHtml(cellText(row[column.key] ?? null))),
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  const title = table.title === '' ? '' : `<p><strong>${escapeHtml(table.title)}</strong></p>`;
  const caption = table.caption ? `<p><small>${escapeHtml(table.caption)}</small></p>` : '';
  return `${title}<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>${caption}`;
}

/** Jupyter aligns cells to the right, which is right for numbers alone. */
function cellHtml(tag: 'th' | 'td', column: TableColumn, content: Html): Html {
  const align =
    column.kind === 'number' ? 'text-align:right;font-variant-numeric:tabular-nums' : 'text-align:left';
  const inner = column.source === 'paper' ? `<em>${content}</em>` : content;
  return `<${tag} style="${align}">${inner}</${tag}>`;
}

function summaryHtml(summary: SummaryBlock): Html {
  const warning = summary.warning ? `<p><strong>⚠ ${escapeHtml(summary.warning)}</strong></p>` : '';
  const verdicts = summary.verdicts.map(
    ({ label, verdict, claim }) =>
      `<li><strong>${escapeHtml(label)}</strong>: ${VERDICT_MARKS[verdict]} ${verdict} <small>${escapeHtml(claim)}</small></li>`,
  );
  const facts = summary.facts
    .map(({ label, value }) => `${escapeHtml(label)}: ${escapeHtml(value)}`)
    .join(' · ');
  return [
    warning,
    `<h3>${escapeHtml(summary.question)}</h3>`,
    `<p>${escapeHtml(summary.answer)}</p>`,
    verdicts.length > 0 ? `<ul>${verdicts.join('')}</ul>` : '',
    facts === '' ? '' : `<p><small>${facts}</small></p>`,
  ].join('');
}

function summaryText(summary: SummaryBlock): string {
  return [
    ...(summary.warning ? [`Warning: ${summary.warning}`] : []),
    summary.question,
    summary.answer,
    ...summary.verdicts.map(({ label, verdict }) => `${VERDICT_MARKS[verdict]} ${label}: ${verdict}`),
    summary.facts.map(({ label, value }) => `${label}: ${value}`).join(' · '),
  ].join('\n');
}

function claimsTable({ claims }: ClaimsBlock): TableBlock {
  return {
    type: 'table',
    title: 'Claims',
    columns: [
      text('claim', 'Claim'),
      text('place', 'Place'),
      { ...text('paperValue', 'Paper'), source: 'paper' },
      text('ours', 'Ours'),
      text('difference', 'Difference'),
      text('verdict', 'Verdict'),
      text('because', 'Because'),
    ],
    rows: claims.map((claim: ClaimResult) => ({
      claim: claim.claim,
      place: claim.place,
      paperValue: claim.paperValue,
      ours: claim.ours,
      difference: claim.difference,
      verdict: `${VERDICT_MARKS[claim.verdict]} ${claim.verdict}`,
      because: claim.because,
    })),
  };
}

function claimIndexTable({ sections }: ClaimIndexBlock): TableBlock {
  const claims = sections.flatMap(({ groups }) =>
    groups.flatMap(({ place, claims: own }) => own.map((claim) => ({ place, claim }))),
  );
  return {
    type: 'table',
    title: 'All claims',
    columns: [
      text('place', 'Place'),
      text('claim', 'Claim'),
      text('ours', 'Ours'),
      text('verdict', 'Verdict'),
      text('experiment', 'Report'),
    ],
    rows: claims.map(({ place, claim: { claim, ours, verdict, experiment } }) => ({
      place,
      claim,
      ours,
      verdict: `${VERDICT_MARKS[verdict]} ${verdict}`,
      experiment,
    })),
  };
}

function settingsTable({ rows }: SettingsBlock): TableBlock {
  return {
    type: 'table',
    title: 'Settings',
    columns: [
      text('setting', 'Setting'),
      { ...text('paper', 'Paper'), source: 'paper' },
      text('ours', 'Ours'),
      text('why', 'Why it differs'),
    ],
    rows: rows.map(({ setting, paper, ours, differs, why }) => ({
      setting,
      paper,
      ours: differs ? `≠ ${ours}` : ours,
      why: why ?? '',
    })),
  };
}

function provenanceTable(records: readonly RunRecord[]): TableBlock {
  return {
    type: 'table',
    title: 'Runs',
    columns: [
      text('label', 'Run'),
      text('id', 'Id'),
      text('status', 'Status'),
      text('profile', 'Profile'),
      text('data', 'Data'),
      { key: 'steps', title: 'Steps', kind: 'number' },
      { key: 'seconds', title: 'Training', kind: 'number', unit: 's' },
      text('device', 'Device'),
    ],
    rows: records.map((record) => ({
      label: record.label,
      id: record.id.slice(0, 12),
      status: record.status,
      profile: record.profile,
      data: record.data.generated ? `${record.data.name} (generated)` : record.data.name,
      steps: record.steps.done,
      seconds: Math.round(record.trainingSeconds),
      device: record.sessions.at(-1)?.environment.device ?? '',
    })),
  };
}

function text(key: string, title: string): TableColumn {
  return { key, title, kind: 'text' };
}

function header(column: TableColumn): string {
  return column.unit ? `${column.title} (${column.unit})` : column.title;
}

/** Four significant digits: what is shown here is for looking; the exact number stands in the block. */
function cellText(value: TableCell): string {
  if (value === null) return '';
  if (typeof value === 'string' || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e-4 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(3);
}

function tableText(table: TableBlock): string {
  const lines = [
    table.columns.map(header),
    ...table.rows.map((row) => table.columns.map((column) => cellText(row[column.key] ?? null))),
  ];
  const widths = table.columns.map((_, index) =>
    Math.max(...lines.map((line) => (line[index] ?? '').length)),
  );
  const body = lines.map((line) =>
    line
      .map((value, index) => {
        const width = widths[index] ?? 0;
        return table.columns[index]?.kind === 'number' ? value.padStart(width) : value.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return [table.title, ...body, table.caption ?? ''].filter((line) => line !== '').join('\n');
}
