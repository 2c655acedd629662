/**
 * Shows that weights go both ways between this package and torchvision: those made here load there and give the same
 * features, and the other way round, through `care export` and `care import`.
 *
 *     node scripts/torchvision-parity.mjs [python]
 *
 * The Python needs torch, torchvision and safetensors. Exits with 1 if a feature differs by more than 1e-4 (relative to
 * the largest feature, where that is above 1).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
execFileSync(process.execPath, [join(root, 'scripts/run-care.mjs'), '--version'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const load = (module) => import(new URL(`../dist/${module}.js`, import.meta.url));
const { encoderOf, initialise, randomStream, scopeOf, startEngine } = await load('index');
const { prefixed } = await load('nn/prefixed');
const { takeUpdates } = await load('nn/module');
const { fromTensor, toTensor } = await load('tensorflow/tensor-data');
const { loadWeights, saveWeights } = await load('train/checkpoint');
const { decodeSafetensors, encodeSafetensors } = await load('train/safetensors');
const tf = await load('tensorflow/tf');

const TOLERANCE = 1e-4;
const CASES = [
  { architecture: 'resnet18', stem: 'cifar', side: 32 },
  { architecture: 'resnet50', stem: 'cifar', side: 32 },
  { architecture: 'resnet18', stem: 'imagenet', side: 64 },
  { architecture: 'resnet34', stem: 'imagenet', side: 64 },
];
const BATCH = 4;
const PASSES = 5;
const tensorsOf = (weights) =>
  Object.fromEntries(Object.entries(weights).map(([name, data]) => [name, toTensor(data)]));
const python = process.argv[2] ?? 'python3';
const care = (...args) =>
  execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { encoding: 'utf8' });

/** Weights as drawn, with the running statistics of some passes over the images, so that those count. */
function weightsMadeHere(module, images) {
  let weights = initialise(module, randomStream(7));
  for (let pass = 0; pass < PASSES; pass++) {
    const buffers = tf.tidy(() => {
      const updates = {};
      module.apply(scopeOf(tensorsOf(weights), true, updates), toTensor(images));
      return takeUpdates(updates);
    });
    for (const [name, tensor] of Object.entries(buffers))
      weights = { ...weights, [name]: fromTensor(tensor) };
    tf.dispose(buffers);
  }
  return weights;
}

function features(module, weights, images) {
  return tf.tidy(() => {
    return fromTensor(module.apply(scopeOf(tensorsOf(weights), false), toTensor(images)));
  });
}

function difference(ours, theirs) {
  let worst = ours.values.length === theirs.values.length ? 0 : Infinity;
  let largest = 1;
  ours.values.forEach((value, i) => {
    worst = Math.max(worst, Math.abs(value - theirs.values[i]));
    largest = Math.max(largest, Math.abs(value));
  });
  return worst / largest;
}

function compare(folder, { architecture, stem, side }) {
  const module = prefixed('encoder', encoderOf(architecture, stem));
  const stream = randomStream(3, side);
  const values = Float32Array.from({ length: BATCH * side * side * 3 }, stream.normal);
  const images = { shape: [BATCH, side, side, 3], dtype: 'float32', values };
  const at = (name) => join(folder, `${name}.safetensors`);

  const made = weightsMadeHere(module, images);
  saveWeights(at('here'), made);
  care('export', at('here'), '--part', 'encoder', '--out', at('here-exported'));
  writeFileSync(at('images'), encodeSafetensors({ images }));
  execFileSync(python, [join(root, 'scripts/torchvision-parity.py'), folder, architecture, stem], {
    stdio: 'inherit',
  });
  const theirs = decodeSafetensors(readFileSync(at('features')), 'features').tensors;
  care('import', at('there'), '--model', architecture, '--stem', stem, '--out', at('there-imported'));
  return {
    'made here, loaded in torchvision': difference(features(module, made, images), theirs.here),
    'made by torchvision, loaded here': difference(
      features(module, loadWeights(at('there-imported')), images),
      theirs.there,
    ),
  };
}

startEngine({ backend: 'tensorflow' });
let worst = 0;
for (const settings of CASES) {
  const folder = mkdtempSync(join(tmpdir(), 'care-parity-'));
  try {
    for (const [direction, found] of Object.entries(compare(folder, settings))) {
      console.log(
        `${settings.architecture} ${settings.stem} ${direction}: features differ by ${found.toExponential(1)}`,
      );
      // NaN counts as a difference.
      worst = found <= worst ? worst : found;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const passed = worst <= TOLERANCE;
console.log(
  `Largest difference ${worst.toExponential(1)}, allowed ${TOLERANCE}: ${passed ? 'same' : 'NOT the same'}.`,
);
process.exitCode = passed ? 0 : 1;
