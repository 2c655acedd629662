import type { Verdict } from '../blocks.js';
import { escapeHtml } from './escape.js';

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

/** A badge: what was claimed, the verdict, and where on the page the claim stands. */
export interface Badge {
  readonly label: string;
  readonly verdict: Verdict;
  /** The claim's sentence. */
  readonly claim: string;
  /** Anchor of the claim, without `#`. */
  readonly target?: string;
}

/** A row of badges. */
export function badgeRow(badges: readonly Badge[]): string {
  const items = badges.map(({ label, verdict, claim, target }) => {
    const inner = `${verdictMark(verdict)}<span class="badge-label">${escapeHtml(label)}</span>`;
    const title = `title="${escapeHtml(claim)}"`;
    return target === undefined
      ? `<li><span class="badge" ${title}>${inner}</span></li>`
      : `<li><a class="badge" href="#${escapeHtml(target)}" ${title}>${inner}</a></li>`;
  });
  return items.length === 0 ? '' : `<ul class="badges" aria-label="Verdicts">${items.join('')}</ul>`;
}
