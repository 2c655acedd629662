/** An executed notebook as one HTML file that needs no network. */
import type { Block, SummaryBlock } from './blocks.js';
import { badgeRow } from './page/badges.js';
import type { Badge } from './page/badges.js';
import { claimIndex, filterStyle } from './page/claim-index.js';
import { anchorRegistry, escapeHtml } from './page/escape.js';
import { expressionTable } from './page/expressions.js';
import { figureBlock } from './page/figures.js';
import type { ChartRoom } from './page/figures.js';
import { highlight } from './page/highlight.js';
import { renderInline, renderMarkdown } from './page/markdown.js';
import type { Heading } from './page/markdown.js';
import { assertNotebook, blockOf, joined, notebookBlocks, notebookSummary } from './page/notebook.js';
import type { Notebook, NotebookCell, NotebookOutput } from './page/notebook.js';
import {
  displayOutput,
  errorOutput,
  looseFigure,
  streamOutput,
  terminalText,
  vegaLiteOf,
} from './page/outputs.js';
import { picturesBlock } from './page/pictures.js';
import { claimAnchor, claimsTable, provenanceBlock } from './page/provenance.js';
import { pageScripts } from './page/scripts.js';
import { pageShell } from './page/shell.js';
import { settingsBlock, tableBlock } from './page/tables.js';

export type { Notebook, NotebookCell, NotebookOutput } from './page/notebook.js';
export { notebookBlocks, notebookSummary } from './page/notebook.js';

export interface ReportInput {
  /** JSON of an executed notebook (nbformat 4). */
  readonly notebook: unknown;
  /** File name of the notebook, said in the footer. */
  readonly notebookName: string;
  /** Title of the browser's tab; the summary's question or the notebook's first heading if absent. */
  readonly title?: string;
  /** When the report was made, ISO 8601; stands in the footer. */
  readonly generatedAt: string;
  /** What made the report, e.g. `care 0.1.0`. */
  readonly generator?: string;
}

/** What is known while a page is put together. */
interface Draft {
  readonly room: ChartRoom;
  readonly anchors: (wanted: string) => string;
  readonly knownRuns: ReadonlySet<string>;
  /** Sentence of each claim in the claims table, by its id. */
  readonly claims: ReadonlyMap<string, string>;
  readonly headings: Heading[];
  /** Whether the question is the page's `<h1>`, and the notebook's own title only a line above it. */
  readonly asked: boolean;
  /** Level of the heading that the next block stands under. */
  level: number;
  /** Whether a heading was the last thing that a reader saw. */
  afterHeading: boolean;
}

/**
 * Renders a notebook as a report. The last summary block becomes the first screen; everything else keeps its order.
 * Pictures are drawn here, so that the page shows them without scripts; with scripts they become interactive. Inline
 * HTML is sanitised, and the page's security policy forbids every request.
 *
 * @throws when the input is not a notebook. A damaged output becomes a visible note instead.
 */
export async function renderReport(input: ReportInput): Promise<string> {
  assertNotebook(input.notebook, input.notebookName);
  const { notebook } = input;
  const summary = notebookSummary(notebook);
  const draft = startDraft(notebook, summary);
  const own = takeTitle(notebook);
  const first = summary
    ? await firstScreen(summary, own.title, draft)
    : titleScreen(own.title ?? input.notebookName);
  const parts: string[] = [];
  for (const cell of own.cells) parts.push(await renderCell(cell, draft));
  const body = `<main>${first}${contents(draft.headings)}${parts.join('\n')}</main>${footer(input)}`;
  const title = input.title ?? summary?.question ?? own.title ?? input.notebookName;
  return pageShell({
    title,
    description: summary?.answer ?? `Report of ${input.notebookName}`,
    body,
    style: [...draft.room.styles].join('\n'),
    ...(await pageScripts(draft.room)),
  });
}

function startDraft(notebook: Notebook, summary: SummaryBlock | undefined): Draft {
  const blocks = notebookBlocks(notebook);
  const runs = blocks.flatMap((block) =>
    block.type === 'provenance' ? block.records.map((record) => record.id) : [],
  );
  const claims = blocks.flatMap((block) =>
    block.type === 'claims' ? block.claims.map(({ id, claim }) => [id, claim] as const) : [],
  );
  return {
    room: { expressions: expressionTable(), specs: new Map(), styles: new Set() },
    anchors: anchorRegistry(),
    knownRuns: new Set(runs),
    claims: new Map(claims),
    headings: [],
    asked: summary !== undefined,
    level: 1,
    afterHeading: false,
  };
}

/** Takes the notebook's `# Title` out of its first cell: the page has one `<h1>`. */
function takeTitle(notebook: Notebook): { title?: string; cells: readonly NotebookCell[] } {
  const [first, ...rest] = notebook.cells;
  if (first?.cell_type !== 'markdown') return { cells: notebook.cells };
  const found = /^\s*#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\n|$)/.exec(joined(first.source));
  if (!found?.[1]) return { cells: notebook.cells };
  const remainder = joined(first.source).slice(found[0].length);
  return { title: found[1], cells: [{ ...first, source: remainder }, ...rest] };
}

async function firstScreen(summary: SummaryBlock, title: string | undefined, draft: Draft): Promise<string> {
  const warning = summary.warning
    ? `<p class="warning" role="note">${renderInline(summary.warning)}</p>`
    : '';
  const kicker = title === undefined ? '' : `<p class="kicker">${renderInline(title)}</p>`;
  const facts = summary.facts.map(
    ({ label, value }) => `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  );
  const hero = await figureBlock(summary.hero, draft.room, { level: 2, id: draft.anchors(summary.hero.id) });
  return `${warning}<header class="wide">${kicker}<h1>${renderInline(summary.question)}</h1>
<p class="answer">${renderInline(summary.answer)}</p>${badgeRow(linkedVerdicts(summary, draft))}</header>
<div class="wide hero">${hero}<dl class="facts">${facts.join('')}</dl></div>`;
}

/** Badges lead to their claim where the page has it, whether a summary names it by id or by its sentence. */
function linkedVerdicts(summary: SummaryBlock, draft: Draft): Badge[] {
  return summary.verdicts.map(({ label, verdict, claim }) => {
    const id = draft.claims.has(claim)
      ? claim
      : [...draft.claims].find(([, sentence]) => sentence === claim)?.[0];
    const target = id === undefined ? {} : { target: claimAnchor(id) };
    return { label, verdict, claim: draft.claims.get(claim) ?? claim, ...target };
  });
}

function titleScreen(title: string): string {
  return `<header class="wide"><p class="kicker">Report</p><h1>${renderInline(title)}</h1></header>`;
}

/** Links to the sections, after the answer. */
function contents(headings: readonly Heading[]): string {
  const sections = headings.filter((heading) => heading.level === 2);
  if (sections.length < 3) return '';
  const links = sections.map(
    ({ id, text }) => `<li><a href="#${escapeHtml(id)}">${escapeHtml(text)}</a></li>`,
  );
  return `<nav class="contents wide" aria-label="Sections"><ul>${links.join('')}</ul></nav>`;
}

function footer(input: ReportInput): string {
  const by = input.generator === undefined ? '' : ` by ${escapeHtml(input.generator)}`;
  const date = `<time datetime="${escapeHtml(input.generatedAt)}">${escapeHtml(input.generatedAt)}</time>`;
  return `<footer><p>Rendered from <code>${escapeHtml(input.notebookName)}</code> on ${date}${by}. Every number comes from the run records named above. This file makes no network requests.</p></footer>`;
}

async function renderCell(cell: NotebookCell, draft: Draft): Promise<string> {
  if (cell.cell_type === 'markdown') return markdownCell(cell, draft);
  if (cell.cell_type !== 'code') return '';
  const outputs: string[] = [];
  for (const output of cell.outputs ?? []) outputs.push(await renderOutput(output, draft));
  return `${foldedCode(cell)}${outputs.join('\n')}`;
}

function markdownCell(cell: NotebookCell, draft: Draft): string {
  const source = withAttachments(joined(cell.source), cell.attachments);
  if (source.trim() === '') return '';
  const html = renderMarkdown(source, {
    anchors: draft.anchors,
    onHeading: (heading) => {
      draft.headings.push(heading);
      draft.level = heading.level;
    },
  });
  draft.afterHeading = /^\s*#{1,6}[ \t][^\n]*\s*$/.test(source.split(/\n(?=#)/).at(-1) ?? '');
  return `<div class="text">${html}</div>`;
}

function withAttachments(source: string, attachments: NotebookCell['attachments']): string {
  return source.replaceAll(/\(attachment:([^)\s]+)\)/g, (whole, name: string) => {
    const [mime, data] = Object.entries(attachments?.[decodeURIComponent(name)] ?? {})[0] ?? [];
    return mime === undefined ? whole : `(data:${mime};base64,${joined(data).replaceAll(/\s/g, '')})`;
  });
}

function foldedCode(cell: NotebookCell): string {
  const code = joined(cell.source).trim();
  if (code === '') return '';
  const number = typeof cell.execution_count === 'number' ? ` [${cell.execution_count}]` : '';
  return `<details class="fold cell"><summary>Code${number}</summary><pre tabindex="0"><code class="hljs">${highlight(code, 'typescript')}</code></pre></details>`;
}

async function renderOutput(output: NotebookOutput, draft: Draft): Promise<string> {
  try {
    const block = blockOf(output);
    if (block) return await renderBlock(block, draft);
    const html = await plainOutput(output, draft);
    if (html !== '') draft.afterHeading = false;
    return html;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `<p class="problem" role="note">An output could not be shown. ${escapeHtml(terminalText(reason))}</p>`;
  }
}

async function plainOutput(output: NotebookOutput, draft: Draft): Promise<string> {
  if (output.output_type === 'error') return errorOutput(output);
  if (output.output_type === 'stream') return streamOutput(output);
  const spec = vegaLiteOf(output);
  if (!spec) return displayOutput(output);
  const id = draft.anchors('chart');
  return figureBlock(looseFigure(spec, id), draft.room, { level: Math.min(6, draft.level + 1), id });
}

/** Sections get a heading of their own unless the notebook has just given one. */
function ownHeading(text: string, draft: Draft): string {
  if (draft.afterHeading) return '';
  const id = draft.anchors(text);
  draft.headings.push({ level: 2, text, id });
  draft.level = 2;
  return `<h2 id="${escapeHtml(id)}">${text}</h2>`;
}

async function renderBlock(block: Block, draft: Draft): Promise<string> {
  const html = await blockHtml(block, draft);
  if (html !== '') draft.afterHeading = false;
  return html;
}

async function blockHtml(block: Block, draft: Draft): Promise<string> {
  switch (block.type) {
    case 'summary':
      return '';
    case 'figure':
      return figureBlock(block, draft.room, {
        level: Math.min(6, draft.level + 1),
        id: draft.anchors(block.id),
      });
    case 'pictures':
      return picturesBlock(block, { level: Math.min(6, draft.level + 1), id: draft.anchors(block.id) });
    case 'table':
      return tableBlock(block);
    case 'claims':
      return ownHeading('Claims', draft) + claimsTable(block, draft.knownRuns);
    case 'claim-index':
      draft.room.styles.add(filterStyle());
      return claimIndex(block, Math.min(6, draft.level + 1));
    case 'settings':
      return ownHeading('Settings', draft) + settingsBlock(block);
    case 'provenance':
      return ownHeading('Provenance', draft) + provenanceBlock(block);
    case 'prose':
      return `<div class="text">${renderMarkdown(block.markdown, { anchors: draft.anchors })}</div>`;
  }
}
