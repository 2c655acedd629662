/** Verdicts as marks, one a claim: how many of each, and in which report. */
import type { TableBlock, Verdict, VegaLiteSpec } from '../blocks.js';
import { INK, VERDICT_COLOURS } from '../theme.js';

/** A claim as a mark. */
export interface VerdictMark {
  /** The row that it stands in. */
  readonly group: string;
  readonly verdict: Verdict;
  /** Shown when it is pointed at. */
  readonly claim: string;
}

/** From the best to the least. */
export const VERDICTS = Object.keys(VERDICT_COLOURS) as readonly Verdict[];

/** Outlines in the unit square; with their fill they say what the shapes of the page's verdicts say. */
const CIRCLE = 'M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z';
const LEFT_HALF = 'M0,-1A1,1,0,0,0,0,1Z';
const STROKE = 'M-.7,.7L.7,-.7';

const SIZE = 110;
const STEP = 17;
const PHONE = 328;
/** Room for the names of the rows, in pixels: without a canvas, Vega takes letters for wider than they are. */
const NAMES = 232;

function sorted(marks: readonly VerdictMark[]): readonly VerdictMark[] {
  return [...marks].sort((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict));
}

/** Marks with their place: rows of a group are filled from the left, the best verdict first, and wrap. */
function placed(groups: readonly string[], marks: readonly VerdictMark[], perRow: number) {
  return groups.flatMap((group) =>
    sorted(marks.filter((mark) => mark.group === group)).map((mark, i) => {
      const line = Math.floor(i / perRow);
      return { ...mark, x: i % perRow, row: line === 0 ? group : `${group} ${line + 1}`, line };
    }),
  );
}

function layer(
  verdicts: readonly Verdict[],
  mark: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return {
    transform: [{ filter: { field: 'verdict', oneOf: verdicts } }],
    mark: { type: 'point', size: SIZE, strokeWidth: 1.5, opacity: 1, ...mark },
  };
}

function spec(groups: readonly string[], marks: readonly VerdictMark[], width: number): VegaLiteSpec {
  const perRow = Math.max(4, Math.floor((width - NAMES) / STEP));
  const values = placed(groups, marks, perRow);
  const rows = groups.flatMap((group) => {
    const found = [...new Set(values.filter((mark) => mark.group === group).map(({ row }) => row))];
    return found.length === 0 ? [group] : found;
  });
  return {
    description: describeVerdicts(groups, marks),
    width,
    height: { step: STEP + 5 },
    autosize: { type: 'fit-x', contains: 'padding' },
    data: { values },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        axis: null,
        scale: { domain: [-0.6, perRow - 0.4], nice: false, zero: false },
      },
      y: {
        field: 'row',
        type: 'nominal',
        title: null,
        scale: { domain: rows },
        axis: {
          domain: false,
          ticks: false,
          labelColor: INK,
          labelFontSize: 13,
          labelPadding: 8,
          labelLimit: NAMES,
          // A row that goes on has its name once.
          labelExpr: `indexof(${JSON.stringify(groups)}, datum.value) < 0 ? '' : datum.value`,
        },
      },
      color: {
        field: 'verdict',
        type: 'nominal',
        scale: { domain: VERDICTS, range: VERDICTS.map((verdict) => VERDICT_COLOURS[verdict].light) },
        legend: null,
      },
      tooltip: [
        { field: 'verdict', type: 'nominal', title: 'verdict' },
        { field: 'claim', type: 'nominal', title: 'claim' },
      ],
    },
    layer: [
      layer(['reproduced'], { shape: CIRCLE, filled: true }),
      layer(['direction holds', 'not reproduced'], { shape: CIRCLE, filled: false }),
      layer(['not run'], { shape: CIRCLE, filled: false, strokeDash: [1.6, 2.2] }),
      layer(['direction holds'], { shape: LEFT_HALF, filled: true }),
      layer(['not reproduced'], { shape: STROKE, filled: false }),
    ],
  };
}

/** A mark a claim, a row a group. */
export function verdictChart(
  groups: readonly string[],
  marks: readonly VerdictMark[],
  width = 980,
): VegaLiteSpec {
  return { ...spec(groups, marks, width), usermeta: { narrow: spec(groups, marks, PHONE) } };
}

/** How many claims have each verdict. */
export function countVerdicts(
  marks: readonly Pick<VerdictMark, 'verdict'>[],
): Readonly<Record<Verdict, number>> {
  const count = (verdict: Verdict) => marks.filter((mark) => mark.verdict === verdict).length;
  return {
    reproduced: count('reproduced'),
    'direction holds': count('direction holds'),
    'not reproduced': count('not reproduced'),
    'not run': count('not run'),
  };
}

/** The chart in words. */
export function describeVerdicts(groups: readonly string[], marks: readonly VerdictMark[]): string {
  const parts = groups.map((group) => {
    const counts = countVerdicts(marks.filter((mark) => mark.group === group));
    const words = VERDICTS.filter((verdict) => counts[verdict] > 0).map(
      (verdict) => `${counts[verdict]} ${verdict}`,
    );
    return `${group}: ${words.length === 0 ? 'no claim' : words.join(', ')}.`;
  });
  return parts.join(' ');
}

/** The numbers behind the chart. */
export function verdictTable(groups: readonly string[], marks: readonly VerdictMark[]): TableBlock {
  return {
    type: 'table',
    title: 'Claims by who asked for them, and verdict',
    columns: [
      { key: 'asked', title: 'asked by', kind: 'text' },
      ...VERDICTS.map((verdict) => ({ key: verdict, title: verdict, kind: 'number' as const })),
    ],
    rows: groups.map((group) => ({
      asked: group,
      ...countVerdicts(marks.filter((mark) => mark.group === group)),
    })),
  };
}
