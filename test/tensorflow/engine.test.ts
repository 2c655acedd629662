import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { afterEach, describe, expect, test } from 'vitest';

import {
  bindingPath,
  EngineError,
  environmentFacts,
  nativeBackend,
  nativePackageFolder,
  startEngine,
} from '../../src/tensorflow/engine.js';
import * as tf from '../../src/tensorflow/tf.js';
import { fakeProgram, temporaryFolder } from './setup/fakes.js';

const packageFolder = nativePackageFolder();
const isSetUp = packageFolder !== null && existsSync(bindingPath(packageFolder));

describe.runIf(isSetUp)('with the native library', () => {
  afterEach(() => tf.setBackend('tensorflow'));

  test('starts it, and says which', () => {
    const facts = startEngine();
    expect(facts).toMatchObject({ backend: 'tensorflow', tfjs: tf.version.tfjs, oneDnn: true });
    expect(facts.tensorflow).toMatch(/^2\.\d+\.\d+$/);
    expect(facts.fallbackReason).toBeUndefined();
    expect(tf.getBackend()).toBe('tensorflow');
  });

  test('a second start gives the same facts; contradicting options are refused with what it has', () => {
    const facts = startEngine();
    expect(startEngine({ backend: 'tensorflow', intraOpThreads: facts.intraOpThreads })).toBe(facts);
    expect(() => startEngine({ backend: 'cpu' })).toThrow(
      /already started.*backend 'cpu' \(it runs on 'tensorflow'\)/,
    );
    expect(() => startEngine({ intraOpThreads: 7, interOpThreads: 5 })).toThrow(
      /intraOpThreads 7 \(it has \d+\), interOpThreads 5/,
    );
    expect(() => startEngine({ intraOpThreads: 1.5 })).toThrow(/intraOpThreads is 1\.5/);
  });

  test('a backend that was changed behind its back is noticed', async () => {
    startEngine();
    await tf.setBackend('cpu');
    expect(nativeBackend()).toBeNull();
    expect(() => startEngine()).toThrow(EngineError);
    expect(() => startEngine()).toThrow(/current backend is 'cpu'/);
  });

  test('raw ops run through the native backend, with the binding at hand', () => {
    const facts = startEngine();
    const native = nativeBackend();
    if (native === null) throw new Error('no native backend');
    const { binding, tensorMap } = native;
    expect(binding.TF_Version).toBe(facts.tensorflow);
    const x = tf.tensor1d([3, -4]);
    const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
    const loss = native.executeSingleOutput('L2Loss', [type], [x]);
    // L2Loss is half the sum of squares: (9 + 16) / 2.
    expect(loss.dataSync()[0]).toBe(12.5);
    expect(tensorMap.get(loss.dataId)).toMatchObject({ shape: [], dtype: binding.TF_FLOAT });
    const [values, indices] = native.executeMultipleOutputs(
      'TopKV2',
      [
        { name: 'sorted', type: binding.TF_ATTR_BOOL, value: true },
        type,
        { name: 'Tk', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
      ],
      [x, tf.scalar(1, 'int32')],
      2,
    );
    expect([values?.dataSync()[0], indices?.dataSync()[0]]).toEqual([3, 0]);
  });

  test('the facts for a run record are those of this machine', () => {
    expect(environmentFacts()).toMatchObject({
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      cores: cpus().length,
      memoryBytes: totalmem(),
      backend: 'tensorflow',
    });
    expect(environmentFacts()).not.toHaveProperty('fallbackReason');
  });
});

/** What the fake native package does: it registers a backend as the real one does. */
const REGISTERS = `
  const tf = require('@tensorflow/tfjs');
  tf.registerBackend('tensorflow', () => Object.assign(new tf.KernelBackend(), {
    binding: { TF_Version: '2.99.0', isUsingGpuDevice: () => process.env.FAKE_GPU === '1' } }), 3);
  tf.setBackend('tensorflow');`;

/** Runs the engine in a process of its own, in a package whose native package is the given script. */
function inPackage(
  native: string | null,
  script: string,
  env: NodeJS.ProcessEnv = {},
  binding = 'a binding',
) {
  const root = temporaryFolder();
  const modules = join(root, 'node_modules/@tensorflow');
  mkdirSync(join(root, 'src'), { recursive: true });
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  for (const name of ['engine', 'tf']) {
    const source = readFileSync(resolve(import.meta.dirname, `../../src/tensorflow/${name}.ts`), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(join(root, 'src', `${name}.js`), outputText);
  }
  symlinkSync(resolve(import.meta.dirname, '../../node_modules/@tensorflow/tfjs'), join(modules, 'tfjs'));
  if (native !== null) {
    const folder = join(modules, 'tfjs-node-gpu');
    mkdirSync(join(folder, 'lib/napi-v8'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"name":"@tensorflow/tfjs-node-gpu","main":"index.js"}');
    writeFileSync(join(folder, 'index.js'), native);
    if (binding !== '') writeFileSync(bindingPath(folder), binding);
  }
  const main = `import * as engine from './engine.js'; import * as tf from './tf.js';
    const show = (value) => console.log(JSON.stringify(value)); ${script}`;
  writeFileSync(join(root, 'src/main.js'), main);
  const clean = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  const child = spawnSync(process.execPath, [join(root, 'src/main.js')], {
    encoding: 'utf8',
    env: { ...clean, ...env },
  });
  const lines = child.stdout.split('\n').filter((line) => /^[{["\d]/.test(line));
  return {
    shown: lines.map((line) => JSON.parse(line) as unknown),
    stderr: child.stderr,
    status: child.status,
  };
}

const START_TWICE = `engine.startEngine(); show(engine.startEngine()); show(Array.from(tf.add([1], [2]).dataSync()));`;
const warnings = (text: string) => text.match(/WARNING: running on plain TensorFlow\.js/g)?.length ?? 0;

describe('without a native library that works', () => {
  test.each<[string, string | null, string, RegExp]>([
    ['the package is not installed', null, '', /not installed.*npm ci/],
    ['the binding is missing', '', '', /not set up.*tfjs_binding\.node is missing.*npm run care -- setup/],
    [
      'the binding does not load',
      `require('./lib/napi-v8/tfjs_binding.node')`,
      'x',
      /does not load: .*tfjs_binding\.node.*npm run care -- doctor/,
    ],
    ['the backend refuses to start', `console.error('tf: no')`, 'x', /refused to start/],
  ])('%s: plain TensorFlow.js after one warning that says why', (_, native, binding, reason) => {
    const { shown, stderr, status } = inPackage(native, START_TWICE, {}, binding);
    expect(status).toBe(0);
    expect(shown[0]).toMatchObject({
      backend: 'cpu',
      tensorflow: null,
      device: 'cpu',
      oneDnn: false,
      fallbackReason: expect.stringMatching(reason) as string,
    });
    expect(shown[1]).toEqual([3]);
    expect(warnings(stderr)).toBe(1);
    expect(stderr).toMatch(reason);
  });

  test('a caller that insists on it gets an error, not a slow run', () => {
    const script = `try { engine.startEngine({ backend: 'tensorflow' }); } catch (e) { show([e.name, e.message]); }`;
    const { shown, stderr } = inPackage('', script, {}, '');
    expect(shown).toEqual([['EngineError', expect.stringMatching(/native library cannot be used.*setup/)]]);
    expect(warnings(stderr)).toBe(0);
  });

  test('asking later for the native library tells why there is none', () => {
    const script = `engine.startEngine(); try { engine.startEngine({ backend: 'tensorflow' }); } catch (e) { show([e.message]); }`;
    const { shown } = inPackage('', script, {}, '');
    expect(shown).toEqual([[expect.stringMatching(/it runs on 'cpu'.*not in use: it is not set up/)]]);
  });

  test('plain TensorFlow.js that was asked for needs no warning and loads nothing native', () => {
    const script = `show(engine.startEngine({ backend: 'cpu' })); show([engine.nativeBackend()]);`;
    const { shown, stderr } = inPackage(`throw new Error('loaded')`, script);
    expect(shown).toEqual([expect.objectContaining({ backend: 'cpu' }), [null]]);
    expect(warnings(stderr)).toBe(0);
  });
});

describe('before the library is loaded', () => {
  const SHOW_ENV = `const { TF_ENABLE_ONEDNN_OPTS: dnn, TF_CPP_MIN_LOG_LEVEL: log, TF_FORCE_GPU_ALLOW_GROWTH: grow,
    TF_NUM_INTRAOP_THREADS: intra, TF_NUM_INTEROP_THREADS: inter } = process.env;
    console.log(JSON.stringify([dnn, log, grow, intra ?? '', inter ?? '']));`;

  test('the environment is prepared', () => {
    const { shown } = inPackage(SHOW_ENV + REGISTERS, `show(engine.startEngine({ intraOpThreads: 3 }))`);
    expect(shown[0]).toEqual(['1', '2', 'true', '3', '']);
    expect(shown[1]).toMatchObject({
      tensorflow: '2.99.0',
      intraOpThreads: 3,
      interOpThreads: 0,
      oneDnn: true,
    });
  });

  test("the user's own settings are kept", () => {
    const env = { TF_ENABLE_ONEDNN_OPTS: '0', TF_CPP_MIN_LOG_LEVEL: '0', TF_NUM_INTEROP_THREADS: '4' };
    const { shown } = inPackage(SHOW_ENV + REGISTERS, 'show(engine.startEngine())', env);
    expect(shown[0]).toEqual(['0', '0', 'true', '', '4']);
    expect(shown[1]).toMatchObject({ interOpThreads: 4, oneDnn: false });
  });

  test('threads that come too late are refused, not ignored', () => {
    const script = `const { createRequire } = await import('node:module');
      createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu');
      try { engine.startEngine({ intraOpThreads: 2 }); } catch (e) { show([e.message]); }`;
    const { shown } = inPackage(REGISTERS, script);
    expect(shown).toEqual([[expect.stringMatching(/TF_NUM_INTRAOP_THREADS=2 comes too late/)]]);
  });

  test('the functions that Node 23 dropped from node:util are there for tfjs-node', () => {
    const native = `const util = require('util'); console.log(JSON.stringify([util.isNullOrUndefined(null),
      util.isNullOrUndefined(undefined), util.isNullOrUndefined(0), util.isArray([]), util.isArray('')]));`;
    const script = `const util = (await import('node:module')).createRequire(import.meta.url)('util');
      delete util.isArray; delete util.isNullOrUndefined;
      Object.defineProperty(process.versions, 'node', { value: '24.1.0' }); engine.startEngine();`;
    const { shown } = inPackage(native + REGISTERS, script);
    expect(shown[0]).toEqual([true, true, false, true, false]);
  });
});

test('on a GPU its name and driver are in the facts', () => {
  const bin = temporaryFolder();
  fakeProgram(
    bin,
    'nvidia-smi',
    `console.log('Tesla X ' + (args.find((a) => a.startsWith('--id=')) ?? '') + ', 999.1');`,
  );
  const env = { PATH: bin, FAKE_GPU: '1', CUDA_VISIBLE_DEVICES: '2,3' };
  const { shown } = inPackage(REGISTERS, 'show(engine.environmentFacts())', env);
  expect(shown[0]).toMatchObject({ device: 'gpu', gpu: 'Tesla X --id=2', driver: '999.1' });
  const without = inPackage(REGISTERS, 'show(engine.environmentFacts())', { ...env, PATH: '' });
  expect(without.shown[0]).toMatchObject({ device: 'gpu' });
  expect(without.shown[0]).not.toHaveProperty('gpu');
});
