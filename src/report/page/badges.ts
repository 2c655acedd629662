import type { Verdict } from '../blocks.js';
import { escapeHtml } from './escape.js';
import { withSubscripts } from './markdown.js';

/** Shapes of the verdicts, in a 16 x 16 box; they say without colour what the colour says. */
const SHAPES: Readonly<Record<Verdict, string>> = {
  reproduced: '<circle cx="8" cy="8" r="6.5" fill="currentColor"/>',
  'direction holds':
    '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M8 2a6 6 0 0 0 0 12z" fill="currentColor"/>',
  'not reproduced':
    '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M3.8 12.2 12.2 3.8" stroke="currentColor" stroke-width="1.5"/>',
  'not run':
    '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-dasharray="1.6 2.2"/>',
};

const CLASS: Readonly<Record<Verdict, string>> = {
  reproduced: 'v-yes',
  'direction holds': 'v-half',
  'not reproduced': 'v-no',
  'not run': 'v-none',
};

/** Whether a value is one of the four verdicts. */
export function isVerdict(value: unknown): value is Verdict {
  return typeof value === 'string' && value in SHAPES;
}

/** A verdict as a word with its shape and colour. */
export function verdictMark(verdict: Verdict): string {
  if (!isVerdict(verdict))
    throw new Error(`No such verdict: "${String(verdict)}". Known: ${Object.keys(SHAPES).join(', ')}.`);
  const shape = `<svg class="shape" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${SHAPES[verdict]}</svg>`;
  return `<span class="verdict ${CLASS[verdict]}">${shape}<span>${verdict}</span></span>`;
}

/** The verdict of a claim in a table; of one that was not reproduced also whether it is contradicted. */
export function claimVerdict({ verdict, opposite }: { verdict: Verdict; opposite?: boolean }): string {
  return `${verdictMark(verdict)}${opposite === true ? '<br><span class="why">contradicted</span>' : ''}`;
}

/** A badge: what was claimed, the verdict, and where on the page the claim stands. */
export interface Badge {
  readonly label: string;
  readonly verdict: Verdict;
  /** The claim's sentence. */
  readonly claim: string;
  /** Anchor of the claim, without `#`. */
  readonly target?: string;
}

/** Badges of claims that were not run say nothing more, so more of them than this stand in one. */
const MOST_NOT_RUN = 2;

/** A row of badges. */
export function badgeRow(badges: readonly Badge[]): string {
  const notRun = badges.filter(({ verdict }) => verdict === 'not run');
  const together = notRun.length > MOST_NOT_RUN ? notRun : [];
  const items = badges
    .filter((badge) => !together.includes(badge))
    .map((badge) => linked(badge, 'badge', `${verdictMark(badge.verdict)}${labelOf(badge)}`));
  if (together.length > 0) {
    const labels = together.map((badge) => linked(badge, 'badge-link', labelOf(badge)));
    items.push(`<span class="badge">${verdictMark('not run')}${labels.join('')}</span>`);
  }
  const rows = items.map((item) => `<li>${item}</li>`).join('');
  return rows === '' ? '' : `<ul class="badges" aria-label="Verdicts">${rows}</ul>`;
}

function labelOf({ label }: Badge): string {
  return `<span class="badge-label">${withSubscripts(escapeHtml(label))}</span>`;
}

/** Leads to the claim, where the page has it. */
function linked({ claim, target }: Badge, name: string, inner: string): string {
  const title = `title="${escapeHtml(claim)}"`;
  return target === undefined
    ? `<span class="${name}" ${title}>${inner}</span>`
    : `<a class="${name}" href="#${escapeHtml(target)}" ${title}>${inner}</a>`;
}
