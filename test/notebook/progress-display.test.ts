import { describe, expect, test } from 'vitest';
import type { MimeBundle } from '../../src/notebook/kernel-display.js';
import { progressDisplay, type ProgressDisplayOptions } from '../../src/notebook/progress-display.js';

/** A clock that the test moves, and what was shown. */
function setUp(options: ProgressDisplayOptions = {}) {
  const shown: MimeBundle[] = [];
  const lines: string[] = [];
  const clock = { time: 0 };
  const display = { update: (bundle: MimeBundle) => void shown.push(bundle) };
  const progress = progressDisplay('Training <CARE>', {
    display,
    now: () => clock.time,
    writeLine: (line) => void lines.push(line),
    ...options,
  });
  return { clock, lines, progress, shown };
}

describe('progressDisplay', () => {
  test('shows bar, step, losses, note and the time left', () => {
    const { clock, progress, shown } = setUp();
    progress.update({ step: 0, of: 2000 });
    clock.time = 60_000;
    progress.update({ step: 500, of: 2000, losses: { loss: 0.123456, inv: 12 }, note: 'seed 1' });
    expect(shown.at(-1)?.['text/plain']).toBe(
      'Training <CARE> · 25 %, step 500 of 2,000 · loss 0.1235 · inv 12 · seed 1 · 1 min 0 s, 3 min 0 s left',
    );
    expect(shown.at(-1)?.['text/html']).toContain('<progress value="500" max="2000"');
    expect(shown.at(-1)?.['text/html']).toContain('Training &lt;CARE&gt;');
  });

  test('a resumed run is not taken for a fast one', () => {
    const { clock, progress, shown } = setUp();
    progress.update({ step: 900, of: 1000 });
    clock.time = 10_000;
    progress.update({ step: 910, of: 1000 });
    expect(shown.at(-1)?.['text/plain']).toContain('1 min 30 s left');
  });

  test('is drawn a few times a second, however often it is called', () => {
    const { clock, progress, shown } = setUp();
    for (let step = 0; step < 10_000; step++) {
      clock.time = step / 10;
      progress.update({ step, of: 10_000 });
    }
    expect(shown).toHaveLength(4);
  });

  test('the end is always shown, with the latest state, and is the end', () => {
    const { clock, progress, shown } = setUp();
    progress.update({ step: 1, of: 3 });
    progress.update({ step: 3, of: 3, losses: { loss: 0.5 } });
    clock.time = 3_700_000;
    progress.finish();
    progress.update({ step: 1, of: 3 });
    progress.fail('too late');
    expect(shown).toHaveLength(2);
    expect(shown.at(-1)).toEqual({
      'text/plain': '✓ Training <CARE>: done · 100 %, step 3 of 3 · loss 0.5 · 1 h 1 min',
      'text/html': '<div>✓ Training &lt;CARE&gt;: done · 100 %, step 3 of 3 · loss 0.5 · 1 h 1 min</div>',
    });
  });

  test('is complete when it is finished, although the last step that was told was not the last', () => {
    const { progress, shown } = setUp();
    progress.update({ step: 39_000, of: 40_000 });
    progress.finish();
    expect(shown.at(-1)?.['text/plain']).toContain('done · 100 %, step 40,000 of 40,000');
  });

  test('outside a kernel it is lines of text, a few a minute', () => {
    const { clock, lines, progress } = setUp({ display: null });
    for (let step = 0; step <= 100; step++) {
      clock.time = step * 100;
      progress.update({ step, of: 100 });
    }
    progress.fail('loss is NaN');
    expect(lines.map((line) => line.split(' · ').slice(0, 2).join(' · '))).toEqual([
      'Training <CARE> · 0 %, step 0 of 100',
      'Training <CARE> · 50 %, step 50 of 100',
      'Training <CARE> · 100 %, step 100 of 100',
      '✗ Training <CARE>: loss is NaN · 100 %, step 100 of 100',
    ]);
  });
});
