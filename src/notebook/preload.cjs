/**
 * Loaded before tslab (`node --require preload.cjs .../tslab kernel ...`), this mends what a reader of a notebook would
 * trip over, without a changed copy of tslab:
 *
 * - output that is lost in bursts, and floods of tiny messages (`preload-streams.cjs`);
 * - errors that never reach Jupyter as errors, rejections that nobody awaited (`preload-errors.cjs`);
 * - work that goes on although its cell was interrupted (`preload-interrupt.cjs`);
 * - line numbers of the generated JavaScript instead of the cell's, packages that change (`preload-compiler.cjs`);
 * - packages that are not found when the notebook lies outside this project (`preload-packages.cjs`).
 *
 * Each is applied when tslab loads the module concerned, so nothing is loaded that would not be loaded anyway. Only
 * modules that tslab itself requires are touched; the code of cells sees the ordinary `require`.
 */
'use strict';

const Module = require('node:module');
const { setInterval } = require('node:timers');
const { mendPublisher } = require('./preload-streams.cjs');
const { mendExecutor, mendJupyter } = require('./preload-errors.cjs');
const { mendCompiler } = require('./preload-compiler.cjs');
const { findPackagesOfProject } = require('./preload-packages.cjs');

// TensorFlow reads these once, when its library is loaded; a value that the reader has set stays.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';

const TSLAB_FILE = /[\\/]tslab[\\/]dist[\\/]\w+\.js$/;
const mends = new Map([
  ['zeromq', mendPublisher],
  ['./executor', mendExecutor],
  ['./jupyter', mendJupyter],
  ['@tslab/typescript-for-tslab', mendCompiler],
]);
/** What each module became: most are changed in place, one has to be replaced. */
const mended = new WeakMap();

const load = Module._load;
Module._load = function (request, parent, ...rest) {
  const exports = load.call(this, request, parent, ...rest);
  const mend = mends.get(request);
  if (!mend || !TSLAB_FILE.test(parent?.filename ?? '')) return exports;
  if (!mended.has(exports)) mended.set(exports, mend(exports) ?? exports);
  return mended.get(exports);
};
findPackagesOfProject(Module);

// A kernel whose Jupyter was killed would go on for ever, with its memory; Jupyter and our runner set the variable.
if (process.env.JPY_PARENT_PID) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, 1000).unref();
}
