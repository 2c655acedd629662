/** How the stop button of a notebook reaches work that takes long. */

/** Set by the kernel's preload (`notebook/preload-interrupt.cjs`): gives the AbortSignal of the cell that asks. */
const INTERRUPT = Symbol.for('care.notebook.interrupt');

/**
 * The signal that is aborted when the reader interrupts the cell that this code runs for; undefined outside our kernel.
 * Who asks is given a moment to stop in order before the cell is called interrupted.
 */
export function interruptSignal(): AbortSignal | undefined {
  const current: unknown = Reflect.get(globalThis, INTERRUPT);
  return typeof current === 'function' ? (current as () => AbortSignal)() : undefined;
}

/**
 * Lets signals and messages come through. In a kernel it also ends the part of a cell that runs at once, which an
 * interrupt would cut off without its `finally` blocks, locks and all.
 */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
