/** Plain text for a terminal: aligned tables and numbers with their uncertainty. */
import type { Estimate } from '../runs/record.js';

export interface TextColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** This column gives way when the table is too wide, down to this many characters. */
  readonly shrinkTo?: number;
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

/** An aligned table with a line of titles; columns that may shrink do so until it fits into `width`. */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  width = terminalWidth(),
): string {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((line) => Array.from(line[index] ?? '').length)),
  );
  const used = widths.reduce((sum, item) => sum + item, GAP.length * (columns.length - 1));
  let excess = Math.max(0, used - width);
  const fitted = widths.map((natural, index) => {
    const least = columns[index]?.shrinkTo ?? natural;
    const cut = Math.min(excess, Math.max(0, natural - least));
    excess -= cut;
    return natural - cut;
  });
  return lines
    .map((line) =>
      columns
        .map(({ align }, index) =>
          padded(shortened(line[index] ?? '', fitted[index] ?? 0), fitted[index] ?? 0, align),
        )
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
