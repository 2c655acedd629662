/** Progress of a long computation, changed in place in a notebook, and as lines of text anywhere else. */
import { escapeHtml } from './block-html.js';
import { createUpdatableDisplay, type UpdatableDisplay } from './kernel-display.js';

/** Where a computation stands. */
export interface ProgressState {
  /** Steps done. */
  readonly step: number;
  /** Steps planned. */
  readonly of: number;
  /** Named losses or other numbers of the latest step. */
  readonly losses?: Readonly<Record<string, number>>;
  /** What is being done, e.g. `CARE, seed 1`. */
  readonly note?: string;
}

/** A display that follows a computation. Every call is cheap: most are dropped. */
export interface ProgressDisplay {
  /** Tells where the computation stands; shown at most a few times a second. */
  update(state: ProgressState): void;
  /** Shows the end, with all steps done; later calls do nothing. */
  finish(note?: string): void;
  /** Shows that it stopped, and why; later calls do nothing. */
  fail(reason: string): void;
}

export interface ProgressDisplayOptions {
  /** Milliseconds between two updates. Default: 250 in a kernel, 5,000 for lines of text. */
  readonly interval?: number;
  /** Milliseconds since any fixed moment. Default: a clock that never jumps. */
  readonly now?: () => number;
  /** Where lines of text go outside a kernel. Default: stderr. */
  readonly writeLine?: (line: string) => void;
  /** The display to change; null: lines of text. Default: one in the running cell, where there is one. */
  readonly display?: UpdatableDisplay | null;
}

interface View {
  readonly title: string;
  readonly state: ProgressState | null;
  readonly elapsed: number;
  readonly left: number | null;
  readonly end: { readonly mark: string; readonly text: string } | null;
}

/**
 * A live display with bar, step, each loss and the time left. The time left is the mean time of the steps seen so far,
 * so a run that was resumed at step 900 is not taken for a fast one.
 */
export function progressDisplay(title: string, options: ProgressDisplayOptions = {}): ProgressDisplay {
  const now = options.now ?? (() => performance.now());
  const display = options.display === undefined ? createUpdatableDisplay() : options.display;
  const writeLine = options.writeLine ?? ((line: string) => process.stderr.write(`${line}\n`));
  const interval = options.interval ?? (display ? 250 : 5_000);
  const started = now();
  let first: { readonly step: number; readonly time: number } | null = null;
  let latest: ProgressState | null = null;
  let shownAt = -Infinity;
  let ended = false;

  function draw(end: View['end']): void {
    const view: View = { title, state: latest, elapsed: now() - started, left: timeLeft(), end };
    shownAt = now();
    if (display) display.update({ 'text/html': viewHtml(view), 'text/plain': viewText(view) });
    else writeLine(viewText(view));
  }

  function timeLeft(): number | null {
    if (!first || !latest || latest.step <= first.step) return null;
    return ((now() - first.time) / (latest.step - first.step)) * (latest.of - latest.step);
  }

  function end(mark: string, text: string): void {
    if (ended) return;
    ended = true;
    draw({ mark, text });
  }

  return {
    update(state) {
      if (ended) return;
      latest = state;
      first ??= { step: state.step, time: now() };
      if (now() - shownAt >= interval) draw(null);
    },
    finish: (note) => {
      // Work that was ready before it began is reported by no last step.
      if (latest && !ended) latest = { ...latest, step: latest.of };
      end('✓', note ?? 'done');
    },
    fail: (reason) => end('✗', reason),
  };
}

function viewText({ title, state, elapsed, left, end }: View): string {
  const parts = [end ? `${end.mark} ${title}: ${end.text}` : title];
  if (state) {
    const percent = state.of > 0 ? `${Math.floor((100 * state.step) / state.of)} %, ` : '';
    parts.push(`${percent}step ${group(state.step)} of ${group(state.of)}`);
    parts.push(...lossTexts(state));
    if (state.note && !end) parts.push(state.note);
  }
  parts.push(`${duration(elapsed)}${end || left === null ? '' : `, ${duration(left)} left`}`);
  return parts.join(' · ');
}

/** A bar of the browser's own: its colours follow the light or dark theme. */
function viewHtml(view: View): string {
  const text = escapeHtml(viewText(view));
  if (view.end) return `<div>${text}</div>`;
  const { state } = view;
  const bar = state
    ? `<progress value="${state.step}" max="${Math.max(1, state.of)}" style="width:100%"></progress>`
    : '';
  return `<div>${bar}<div style="font-variant-numeric:tabular-nums">${text}</div></div>`;
}

function lossTexts({ losses }: ProgressState): string[] {
  return Object.entries(losses ?? {}).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
}

function group(value: number): string {
  return value.toLocaleString('en-US');
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
