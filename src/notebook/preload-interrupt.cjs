/**
 * The stop button for work that goes on behind a cell. tslab, told to interrupt, only stops to wait for the cell:
 * whatever the cell started goes on in the kernel, training included, with its locks.
 *
 * `globalThis[Symbol.for('care.notebook.interrupt')]` is a function that gives the AbortSignal of the cell on whose
 * behalf it is called, also from its callbacks and after awaits. An interrupt aborts the signal of all cells that were
 * started until then; the next cell gets a fresh one. A cell that asked for its signal is given time to end by itself,
 * which tells more than "interrupted"; a second interrupt does not wait.
 */
'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');
const { clearTimeout, setTimeout } = require('node:timers');

const { AbortController } = globalThis;
const INTERRUPT = Symbol.for('care.notebook.interrupt');
/** A step and a checkpoint block the thread, and this timer with it: the time is for what is waited for besides. */
const GRACE_MILLISECONDS = 2_000;

const cells = new AsyncLocalStorage();
/** One controller for all cells until it is aborted. */
let controller = new AbortController();
/** The cell that runs: its controller, whether its code asked for the signal, the timer of its grace. */
let current = null;

globalThis[INTERRUPT] = () => {
  const cell = cells.getStore() ?? current;
  if (!cell) return controller.signal;
  cell.asked = true;
  return cell.controller.signal;
};

/** Runs a cell's code with a signal of its own. */
async function runInterruptible(execute) {
  if (controller.signal.aborted) controller = new AbortController();
  const cell = { controller, asked: false, grace: undefined };
  current = cell;
  try {
    return await cells.run(cell, execute);
  } finally {
    clearTimeout(cell.grace);
    current = null;
  }
}

/** What SIGINT does: aborts, and has tslab give up on the cell at once or, where somebody listens, after a while. */
function interruptCell(giveUp) {
  const isSecond = controller.signal.aborted;
  controller.abort();
  if (!current?.asked || isSecond) giveUp();
  else current.grace = setTimeout(giveUp, GRACE_MILLISECONDS);
}

module.exports = { interruptCell, runInterruptible };
