/**
 * Shows that weights go both ways between this package and torchvision: those trained here load there and give the same
 * features, and the other way round, through `care train`, `care export` and `care import`.
 *
 *     node scripts/torchvision-parity.mjs [python]
 *
 * The Python needs torch, torchvision and safetensors. Exits with 1 if a feature differs by more than 1e-4 (relative to
 * the largest feature, where that is above 1).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
execFileSync(process.execPath, [join(root, 'scripts/run-care.mjs'), '--version'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const load = (module) => import(new URL(`../dist/${module}.js`, import.meta.url));
const { encoderOf, randomStream, scopeOf, startEngine } = await load('index');
const { prefixed } = await load('nn/prefixed');
const { fromTensor, toTensor } = await load('tensorflow/tensor-data');
const { loadWeights } = await load('train/checkpoint');
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
/** Eight steps in all. */
const IMAGES = 32;
const EPOCHS = 2;
const tensorsOf = (weights) =>
  Object.fromEntries(Object.entries(weights).map(([name, data]) => [name, toTensor(data)]));
const python = process.argv[2] ?? 'python3';
const care = (...args) =>
  execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

/** Weights of a short training with CARE on generated images, and the file that they are in. */
function trainedHere(folder, { architecture, stem, side }) {
  const runs = join(folder, 'runs');
  const settings = {
    'data.limit': IMAGES,
    'data.size': side,
    'model.stem': stem,
    'training.chunks': 2,
    'measures.knnEvery': 0,
  };
  care(
    ...['train', '--method', 'care', '--data', 'generated', '--model', architecture],
    ...['--epochs', String(EPOCHS), '--batch', '8', '--profile', 'smoke', '--runs', runs],
    ...Object.entries(settings).flatMap(([key, value]) => ['-p', `${key}=${value}`]),
  );
  const [id] = readdirSync(runs).filter((name) => existsSync(join(runs, name, 'weights.safetensors')));
  return join(runs, id, 'weights.safetensors');
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

  const file = trainedHere(folder, { architecture, stem, side });
  const names = new Set(module.variables.map(({ name }) => name));
  const made = Object.fromEntries(Object.entries(loadWeights(file)).filter(([name]) => names.has(name)));
  care('export', file, '--part', 'encoder', '--out', at('here-exported'));
  writeFileSync(at('images'), encodeSafetensors({ images }));
  execFileSync(python, [join(root, 'scripts/torchvision-parity.py'), folder, architecture, stem], {
    stdio: 'inherit',
  });
  const theirs = decodeSafetensors(readFileSync(at('features')), 'features').tensors;
  care('import', at('there'), '--model', architecture, '--stem', stem, '--out', at('there-imported'));
  return {
    'trained here, loaded in torchvision': difference(features(module, made, images), theirs.here),
    'trained there, loaded here': difference(
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
