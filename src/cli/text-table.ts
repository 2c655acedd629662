/** Plain text for a terminal: aligned tables and numbers with their uncertainty. */
import type { Estimate } from '../runs/record.js';

export interface TextColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** This column gives way when the table is too wide, down to this many characters. */
  readonly shrinkTo?: number;
  /** This column is left out when the table is too wide. */
  readonly omittable?: boolean;
}

const GAP = '  ';

/** Columns of the terminal; 80 where the output goes elsewhere. */
export function terminalWidth(): number {
  // Typed as always there, but undefined when the output is no terminal.
  const columns = process.stdout.columns as number | undefined;
  return columns ?? 80;
}

/** A text cut to a width from its middle, since names differ at both ends (`L_unif+…seed 0`). */
export function shortened(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  if (width <= 1) return '…'.slice(0, width);
  const tail = Math.floor((width - 1) / 2);
  return `${characters.slice(0, width - 1 - tail).join('')}…${characters.slice(characters.length - tail).join('')}`;
}

function padded(text: string, width: number, align: TextColumn['align']): string {
  const space = ' '.repeat(Math.max(0, width - Array.from(text).length));
  return align === 'right' ? space + text : text + space;
}

type Rows = readonly (readonly string[])[];

function naturalWidths(columns: readonly TextColumn[], rows: Rows): readonly number[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  return columns.map((_, index) => Math.max(...lines.map((line) => Array.from(line[index] ?? '').length)));
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, item) => sum + item, GAP.length * (widths.length - 1));
}

/**
 * An aligned table with a line of titles. Where it is wider than `width`, columns that may be left out are, and then
 * those that may shrink do so, from left to right.
 */
export function textTable(columns: readonly TextColumn[], rows: Rows, width = terminalWidth()): string {
  const widths = naturalWidths(columns, rows);
  let excess = Math.max(0, totalWidth(widths) - width);
  if (excess > 0 && columns.some(({ omittable }) => omittable)) {
    const keep = <T>(items: readonly T[]): readonly T[] =>
      items.filter((_, index) => !columns[index]?.omittable);
    return textTable(keep(columns), rows.map(keep), width);
  }
  const fitted = widths.map((natural, index) => {
    const cut = Math.min(excess, Math.max(0, natural - (columns[index]?.shrinkTo ?? natural)));
    excess -= cut;
    return natural - cut;
  });
  const cell = (text: string, index: number): string => {
    const room = fitted[index] ?? 0;
    return padded(shortened(text, room), room, columns[index]?.align);
  };
  const lines = [columns.map(({ title }) => title), ...rows];
  return lines
    .map((line) =>
      columns
        .map((_, index) => cell(line[index] ?? '', index))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

/** A text in lines of at most `width`, broken at spaces, each with the indent. */
export function wrapped(text: string, indent: string, width = terminalWidth()): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, indent + line].join('\n');
}

/** A number with four significant digits, without an exponent where it reads better. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
  return value.toFixed(Math.max(0, 3 - Math.floor(Math.log10(size))));
}

/** `3.21 ± 0.12 degrees`: two digits of the standard deviation, and as many decimals of the value. */
export function estimateText({ value, unit, sd }: Estimate): string {
  const suffix = unit === undefined ? '' : ` ${unit}`;
  if (sd === undefined || sd === 0 || Math.abs(value) >= 1e6 || sd < 1e-8)
    return `${numberText(value)}${suffix}`;
  const decimals = Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(sd))));
  return `${value.toFixed(decimals)} ± ${sd.toFixed(decimals)}${suffix}`;
}

/** `7 s`, `5 min 12 s`, `3 h 4 min`. */
export function durationText(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
