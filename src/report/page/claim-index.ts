import type { ClaimGroup, ClaimIndexBlock, ReportedClaim, Verdict } from '../blocks.js';
import { VERDICT_COLOURS } from '../theme.js';
import { claimVerdict, verdictMark } from './badges.js';
import { anchor, escapeHtml } from './escape.js';
import { renderInline } from './markdown.js';
import { claimAnchor, runAnchor, shortId } from './provenance.js';
import { scrollable } from './tables.js';

const VERDICTS = Object.keys(VERDICT_COLOURS) as readonly Verdict[];

/** Anchor of a claim among those of all experiments. */
export function indexAnchor({ experiment, id }: Pick<ReportedClaim, 'experiment' | 'id'>): string {
  return `claim-${anchor(`${experiment} ${id}`)}`;
}

/** A report beside this page; anything else is no link. */
function reportFile({ report }: ReportedClaim): string | undefined {
  return report !== undefined && /^[a-z0-9-]+\.html$/.test(report) ? report : undefined;
}

function missingOr(text: string): string {
  return text === 'not run' ? '<span class="missing">not run</span>' : renderInline(text);
}

function runList(claim: ReportedClaim): string {
  const file = reportFile(claim);
  const names = claim.runs.map((id) => {
    const name = `<code>${escapeHtml(shortId(id))}</code>`;
    return file === undefined ? name : `<a href="${file}#${runAnchor(id)}">${name}</a>`;
  });
  return names.length === 0 ? '<span class="missing">no run</span>' : names.join(' ');
}

function fromText(claim: ReportedClaim): string {
  const file = reportFile(claim);
  const name = escapeHtml(claim.experiment);
  const report = file === undefined ? name : `<a href="${file}#${claimAnchor(claim.id)}">${name}</a>`;
  const { profile, runs } = claim;
  const count = `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`;
  return runs.length === 0 ? report : `${report}<br>profile ${escapeHtml(profile)}, ${count}`;
}

function differenceText({ difference, ours }: ReportedClaim): string {
  return difference === 'not run' || ours === 'not run'
    ? ''
    : `<br><span class="why">difference ${renderInline(difference)}</span>`;
}

function claimRow(claim: ReportedClaim, id: string | undefined): string {
  const own = id === undefined ? '' : ` id="${id}"`;
  return `<tr class="${classNames(claim)}"${own}><th scope="row">${renderInline(claim.claim)}
<details class="fold unfold-in-print"><summary>Why, and by which runs</summary><p>${renderInline(claim.because)}</p><p>${runList(claim)}</p></details></th>
<td class="paper">${claim.paperValue === '' ? '' : renderInline(claim.paperValue)}</td>
<td class="ours">${missingOr(claim.ours)}${differenceText(claim)}</td>
<td>${claimVerdict(claim)}</td>
<td class="from">${fromText(claim)}</td></tr>`;
}

/** Of the claims that are not reproduced, those that are contradicted can be chosen by themselves. */
const OPPOSITE = 'opposite';

/** `is-direction-holds`: by it the style hides what is not asked for. */
function classNames({ verdict, opposite }: ReportedClaim): string {
  return `is-${anchor(verdict)}${opposite === true ? ` is-${OPPOSITE}` : ''}`;
}

function groupBody(group: ClaimGroup, seen: Set<string>): string {
  const rows = group.claims.map((claim) => {
    const id = indexAnchor(claim);
    const first = !seen.has(id);
    seen.add(id);
    return claimRow(claim, first ? id : undefined);
  });
  // A row that stands for itself says its sentence once.
  const shows = group.claims.some(({ claim }) => claim === group.shows) ? '' : renderInline(group.shows);
  return `<tbody class="group" id="row-${anchor(group.id)}"><tr class="group-head"><th scope="rowgroup" colspan="5"><span class="group-place">${renderInline(group.place)}</span> ${shows}</th></tr>
${rows.join('\n')}</tbody>`;
}

/** Radio buttons that work without scripts: the style looks at which one is chosen. */
function filter(counts: ReadonlyMap<Verdict, number>, opposite: number, total: number): string {
  const option = (id: string, label: string, count: number, checked: boolean): string =>
    `<span class="choice"><input type="radio" name="show-verdict" id="show-${id}"${checked ? ' checked' : ''}${count === 0 ? ' disabled' : ''}><label for="show-${id}">${label} <span class="count">${count}</span></label></span>`;
  const each = VERDICTS.map((verdict) =>
    option(anchor(verdict), verdictMark(verdict), counts.get(verdict) ?? 0, false),
  );
  return `<fieldset class="filter"><legend>Show claims</legend>${option('all', 'all', total, true)}${each.join('')}${option(OPPOSITE, 'contradicted', opposite, false)}</fieldset>`;
}

/** Rules that belong to {@link claimIndex}: what is hidden for each choice, on screen alone. */
export function filterStyle(): string {
  const rules = [...VERDICTS.map(anchor), OPPOSITE].map((name) => {
    const chosen = `.claim-index:has(#show-${name}:checked)`;
    return `${chosen} .group>tr:not(.group-head,.is-${name}),${chosen} .group:not(:has(.is-${name})),${chosen} .claim-section:not(:has(.is-${name})){display:none}`;
  });
  return `@media screen{${rules.join('\n')}}`;
}

/** All claims, row by row of the paper, to be filtered by verdict. */
export function claimIndex(block: ClaimIndexBlock, level: number): string {
  const byAnchor = new Map(
    block.sections.flatMap(({ groups }) =>
      groups.flatMap(({ claims }) => claims.map((claim) => [indexAnchor(claim), claim] as const)),
    ),
  );
  const claims = [...byAnchor.values()];
  const counts = new Map(
    VERDICTS.map((verdict) => [verdict, claims.filter((claim) => claim.verdict === verdict).length] as const),
  );
  const opposite = claims.filter((claim) => claim.opposite === true).length;
  const seen = new Set<string>();
  const head =
    '<thead><tr><th scope="col">claim</th><th scope="col" class="paper">the paper</th><th scope="col">ours</th><th scope="col">verdict</th><th scope="col">report</th></tr></thead>';
  const sections = block.sections.map(({ title, groups }) => {
    const body = groups.map((group) => groupBody(group, seen)).join('\n');
    const table = scrollable(title, `<table class="index-claims">${head}${body}</table>`);
    return `<div class="claim-section"><h${level}>${renderInline(title)}</h${level}>${table}</div>`;
  });
  return `<div class="block wide claim-index">${filter(counts, opposite, claims.length)}${sections.join('\n')}</div>`;
}
