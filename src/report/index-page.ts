import type { SummaryBlock } from './blocks.js';
import { badgeRow } from './page/badges.js';
import { escapeHtml } from './page/escape.js';
import { renderInline } from './page/markdown.js';
import { pageShell } from './page/shell.js';

/** One report in the list. */
export interface IndexEntry {
  /** Path of the report, relative to the index page, with forward slashes. */
  readonly file: string;
  readonly summary: Pick<SummaryBlock, 'question' | 'answer' | 'verdicts' | 'warning'>;
  /** ISO 8601. */
  readonly generatedAt: string;
  readonly profile: string;
}

/**
 * A page that lists reports: question, answer, verdicts, profile, date and link.
 *
 * @throws when a file is not a relative path: the page must work wherever its folder is put.
 */
export function renderIndexPage(entries: readonly IndexEntry[], title = 'Reports'): string {
  const items = entries.map(entryHtml).join('\n');
  const list = entries.length === 0 ? '<p>No report has been made yet.</p>' : items;
  return pageShell({
    title,
    description: `${entries.length} reports`,
    body: `<main><header class="wide"><p class="kicker">Reproducibility reports</p><h1>${escapeHtml(title)}</h1></header>${list}</main>`,
  });
}

function entryHtml(entry: IndexEntry): string {
  if (/^([a-z][a-z0-9+.-]*:|\/)/i.test(entry.file)) {
    throw new Error(
      `renderIndexPage: "${entry.file}" must be a path relative to the index page, e.g. protein.html.`,
    );
  }
  const href = escapeHtml(entry.file.split('/').map(encodeURIComponent).join('/'));
  const { question, answer, verdicts, warning } = entry.summary;
  const caution = warning === undefined ? '' : `<p class="problem">${renderInline(warning)}</p>`;
  return `<section class="wide entry"><h2><a href="${href}">${renderInline(question)}</a></h2>
<p class="answer">${renderInline(answer)}</p>${caution}${badgeRow(verdicts)}
<dl class="facts"><div><dt>profile</dt><dd>${escapeHtml(entry.profile)}</dd></div><div><dt>rendered</dt><dd><time datetime="${escapeHtml(entry.generatedAt)}">${escapeHtml(entry.generatedAt)}</time></dd></div></dl></section>`;
}
