/** Where the time of a step goes: each op by name and shapes, timed one by one as it runs eagerly. */
import { nativeBackend, type NativeBackend } from 'care/internal/tensorflow/engine';
import type * as tf from '@tensorflow/tfjs';
import { resNetStep, type Depth } from '../resnet/program.js';

interface Options {
  readonly depth: string;
  readonly batch: string;
  readonly steps: string;
  readonly rows: string;
}

interface Cost {
  calls: number;
  milliseconds: number;
}

/** Adds up the time of every op of the backend, by its name and the shapes of what goes in. */
function profiled(backend: NativeBackend): ReadonlyMap<string, Cost> {
  const costs = new Map<string, Cost>();
  const timed = <T>(name: string, inputs: readonly tf.TensorInfo[], run: () => T): T => {
    const startedAt = performance.now();
    const result = run();
    const shapes = inputs.filter(({ shape }) => shape.length > 1).map(({ shape }) => shape.join('x'));
    const key = `${name}  ${shapes.join('  ')}`;
    const cost = costs.get(key) ?? { calls: 0, milliseconds: 0 };
    cost.calls++;
    cost.milliseconds += performance.now() - startedAt;
    costs.set(key, cost);
    return result;
  };
  const single = backend.executeSingleOutput.bind(backend);
  const multiple = backend.executeMultipleOutputs.bind(backend);
  backend.executeSingleOutput = (name, attributes, inputs) =>
    timed(name, inputs, () => single(name, attributes, inputs));
  backend.executeMultipleOutputs = (name, attributes, inputs, outputs) =>
    timed(name, inputs, () => multiple(name, attributes, inputs, outputs));
  return costs;
}

function print(costs: ReadonlyMap<string, Cost>, steps: number, rows: number): void {
  const total = [...costs.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const byName = new Map<string, Cost>();
  for (const [key, { calls, milliseconds }] of costs) {
    const name = key.split('  ')[0] ?? key;
    const cost = byName.get(name) ?? { calls: 0, milliseconds: 0 };
    byName.set(name, { calls: cost.calls + calls, milliseconds: cost.milliseconds + milliseconds });
  }
  const table = (title: string, of: ReadonlyMap<string, Cost>) => {
    console.log(`\n${title}`);
    console.log('  ms/step  share  calls   ms/call');
    for (const [key, { calls, milliseconds }] of [...of]
      .sort((a, b) => b[1].milliseconds - a[1].milliseconds)
      .slice(0, rows)) {
      const share = `${((100 * milliseconds) / total).toFixed(1)}%`;
      console.log(
        `${(milliseconds / steps).toFixed(1).padStart(9)} ${share.padStart(6)} ${String(calls / steps).padStart(6)} ${(milliseconds / calls).toFixed(2).padStart(9)}  ${key}`,
      );
    }
  };
  console.log(`${(total / steps / 1000).toFixed(2)} s a step in ops`);
  table('By op', byName);
  table('By op and shapes', costs);
}

/** Runs the step of a ResNet op by op and prints what each op costs. */
export function benchOps({ depth, batch, steps, rows }: Options): void {
  const { run } = resNetStep(Number(depth) as Depth, Number(batch), 'eager');
  run();
  const backend = nativeBackend();
  if (backend === null) throw new Error('The native library is not there: run `npm run care -- setup`.');
  const costs = profiled(backend);
  for (let step = 0; step < Number(steps); step++) run();
  print(costs, Number(steps), Number(rows));
}
