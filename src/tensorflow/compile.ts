/**
 * Compiled steps: pure functions of state and inputs, recorded once as a TensorFlow graph that holds the state, and run
 * with one call each. Without the native library, or on request, the same functions run op by op.
 */
import { deepCopy } from './deep-copy.js';
import { nativeBackend } from './engine.js';
import { cutRecording } from './halves.js';
import {
  assertSameRecording,
  record,
  type RawRecording,
  type RecordableBackend,
  type Recording,
  type TensorType,
} from './recording.js';
import { buildGraph, type GraphFunctionSource, type ProgramGraph } from './program-graph.js';
import { openGraph } from './saved-model.js';
import { shapeRunner } from './shape-run.js';
import { simplify } from './simplify.js';
import { fromTensor, sizeOf, toTensor, type TensorData, type TensorDataMap } from './tensor-data.js';
import * as tf from './tf.js';

/**
 * How a program runs. `chained`: as a graph, its ops one after the other, the same bits in every run. `fast`: as a graph,
 * TensorFlow choosing the order, results differing in the last bits between runs. `eager`: op by op.
 */
export type Execution = 'chained' | 'fast' | 'eager';

export interface InputSpec {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** One function of a program. It must be pure: the same state and inputs give the same results. */
export interface ProgramFunction {
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** The new values of the state entries that change, and named outputs. All tensors are freed by the caller. */
  readonly run: (state: Tensors, inputs: Tensors) => { readonly state?: Tensors; readonly outputs: Tensors };
  /**
   * Input values to record with; zeros where left out. Only shapes enter the graph, but an op that refuses zeros needs
   * others. Whole numbers are worked out from them, since lengths may depend on these; results in floats are not.
   */
  readonly example?: Readonly<Record<string, Float32Array | Int32Array>>;
}

/**
 * A function that is run in two halves, because some inputs of it are only known once some outputs of it are: the
 * gradients of embeddings once all embeddings are there. It is written as one function of all inputs.
 *
 * The first half computes the early outputs and keeps, inside the program, what the second half needs of its results; the
 * second half does all else, changes of the state included. The state must be the same for both. Run op by op, nothing
 * can be kept, and the second half computes everything again.
 */
export interface HalvedFunction extends ProgramFunction {
  /** The names by which the halves are run. */
  readonly halves: readonly [first: string, second: string];
  /** The inputs that are given to the second half; all others are given to the first. */
  readonly later: readonly string[];
  /** The outputs of the first half, which must not depend on later inputs. */
  readonly early: readonly string[];
}

export interface ProgramDefinition {
  /** For messages. */
  readonly name: string;
  /** The initial state. Its shapes and dtypes are fixed. */
  readonly state: TensorDataMap;
  /** Tensors that the functions find among the state but never change, such as a data set kept on the device. */
  readonly frozen?: TensorDataMap;
  readonly functions: Readonly<Record<string, ProgramFunction>>;
  readonly halved?: readonly HalvedFunction[];
}

export interface Program {
  readonly execution: Execution;
  /**
   * Runs one function and changes the state as it says.
   *
   * @param inputs - values of every input of the function, in its shape and dtype.
   * @param fetch - the outputs to read back; all where left out. Reading nothing leaves the values on the device.
   */
  run(
    name: string,
    inputs: Readonly<Record<string, Float32Array | Int32Array>>,
    fetch?: readonly string[],
  ): Record<string, TensorData>;
  /** A copy of the whole state. */
  readState(): Record<string, TensorData>;
  /** Replaces the whole state. */
  writeState(state: TensorDataMap): void;
  /** Frees the state and the graph; the program cannot be used any more. */
  dispose(): void;
}

function inputTensors(
  program: string,
  name: string,
  specs: Readonly<Record<string, InputSpec>>,
  values: Readonly<Record<string, Float32Array | Int32Array>>,
): Record<string, tf.Tensor> {
  const unknown = Object.keys(values).filter((key) => !(key in specs));
  if (unknown.length > 0) {
    throw new Error(
      `${program}.${name}: no input is called ${unknown.join(', ')}; there are ${Object.keys(specs).join(', ')}.`,
    );
  }
  return Object.fromEntries(
    Object.entries(specs).map(([key, spec]) => {
      const array = values[key];
      const wanted = `${spec.dtype} [${spec.shape.join(', ')}]`;
      if (array === undefined) throw new Error(`${program}.${name}: input "${key}" (${wanted}) is missing.`);
      const dtype = array instanceof Float32Array ? 'float32' : 'int32';
      if (dtype !== spec.dtype || array.length !== sizeOf(spec.shape)) {
        throw new Error(
          `${program}.${name}: input "${key}" must be ${wanted}, which holds ${sizeOf(spec.shape)} values; ` +
            `${array.length} values of ${dtype} were given. A compiled step keeps the shapes it was recorded with.`,
        );
      }
      return [key, toTensor({ shape: spec.shape, dtype: spec.dtype, values: array })];
    }),
  );
}

type Specs = ProgramFunction['inputs'];

/** The inputs of each half, by its name. */
function inputsOfHalves({ halves, inputs, later }: HalvedFunction): Record<string, Specs> {
  const only = (isLater: boolean) =>
    Object.fromEntries(Object.entries(inputs).filter(([key]) => later.includes(key) === isLater));
  return { [halves[0]]: only(false), [halves[1]]: only(true) };
}

/** The inputs of everything that can be run, by name. */
function inputsByName({ name, functions, halved = [] }: ProgramDefinition): (run: string) => Specs {
  const all: Record<string, Specs> = Object.fromEntries([
    ...Object.entries(functions).map(([key, { inputs }]) => [key, inputs] as const),
    ...halved.flatMap((fn) => Object.entries(inputsOfHalves(fn))),
  ]);
  return (run) => {
    const inputs = all[run];
    if (inputs === undefined) {
      throw new Error(`${name}: there is no function "${run}", only ${Object.keys(all).join(', ')}.`);
    }
    return inputs;
  };
}

/** Sees to it that a second half follows its first. */
function orderOfHalves({ name, halved = [] }: ProgramDefinition): (run: string) => void {
  const before = new Map(halved.map(({ halves }) => [halves[1], halves[0]]));
  const isRun = new Set<string>();
  return (run) => {
    const first = before.get(run);
    if (first === undefined) isRun.add(run);
    else if (!isRun.delete(first)) {
      throw new Error(`${name}: "${run}" is the second half of "${first}", which has to be run before it.`);
    }
  };
}

/** What the entries of a state are, without their values. */
type StateTypes = Readonly<Record<string, TensorType>>;

function typesOf(state: TensorDataMap): StateTypes {
  return Object.fromEntries(Object.entries(state).map(([key, { shape, dtype }]) => [key, { shape, dtype }]));
}

function checkState(program: string, types: StateTypes, state: TensorDataMap): void {
  const problems: string[] = [];
  for (const [key, wanted] of Object.entries(types)) {
    const given = state[key];
    if (given === undefined) problems.push(`"${key}" is missing`);
    else if (given.dtype !== wanted.dtype || given.shape.join() !== wanted.shape.join()) {
      problems.push(
        `"${key}" is ${given.dtype} [${given.shape.join(', ')}], expected ${wanted.dtype} [${wanted.shape.join(', ')}]`,
      );
    }
  }
  for (const key of Object.keys(state)) if (!(key in types)) problems.push(`"${key}" is not part of it`);
  if (problems.length > 0) {
    throw new Error(`${program}: this state is of another program: ${problems.slice(0, 5).join('; ')}.`);
  }
}

/** Checks that what a function says of the state fits the state. */
function checkedNewState(definition: ProgramDefinition, name: string, state: Tensors | undefined): Tensors {
  for (const [key, tensor] of Object.entries(state ?? {})) {
    const wanted = definition.state[key];
    if (wanted === undefined)
      throw new Error(`${definition.name}.${name}: "${key}" is no entry of the state.`);
    if (tensor.shape.join() !== wanted.shape.join() || tensor.dtype !== wanted.dtype) {
      throw new Error(
        `${definition.name}.${name}: the new value of "${key}" is ${tensor.dtype} [${tensor.shape.join(', ')}], ` +
          `its entry in the state ${wanted.dtype} [${wanted.shape.join(', ')}].`,
      );
    }
  }
  return state ?? {};
}

/** What is run op by op under one name: the values that it is given become inputs of a function. */
interface EagerFunction {
  readonly fn: ProgramFunction;
  readonly inputs: (given: Record<string, tf.Tensor>) => Record<string, tf.Tensor>;
  /** The outputs that there are, all where left out. */
  readonly outputs?: readonly string[];
  readonly changesState: boolean;
}

/** Both halves run the whole function: the first with example values for later inputs, the second with the first's. */
function eagerHalves(definition: ProgramDefinition, fn: HalvedFunction): Record<string, EagerFunction> {
  const { halves, later, early } = fn;
  let first: Record<string, tf.Tensor> = {};
  return {
    [halves[0]]: {
      fn,
      inputs(given) {
        const examples = exampleInputs(definition, halves[0], fn);
        const unused = Object.keys(examples).filter((key) => !later.includes(key));
        for (const key of unused) examples[key]?.dispose();
        tf.dispose(first);
        first = Object.fromEntries(Object.entries(given).map(([key, tensor]) => [key, tensor.clone()]));
        return { ...examples, ...given };
      },
      outputs: early,
      changesState: false,
    },
    [halves[1]]: {
      fn,
      inputs(given) {
        const all = { ...first, ...given };
        first = {};
        return all;
      },
      changesState: true,
    },
  };
}

function eagerProgram(definition: ProgramDefinition): Program {
  const inputsOf = inputsByName(definition);
  const checkOrder = orderOfHalves(definition);
  const asGiven = (given: Record<string, tf.Tensor>) => given;
  const whole = Object.entries(definition.functions).map(([name, fn]): [string, EagerFunction] => [
    name,
    { fn, inputs: asGiven, changesState: true },
  ]);
  const halves = (definition.halved ?? []).flatMap((fn) => Object.entries(eagerHalves(definition, fn)));
  const functions = Object.fromEntries([...whole, ...halves]);
  let state: Record<string, tf.Tensor> = {};
  const frozen = tensorsOf(definition.frozen ?? {});
  const write = (values: TensorDataMap) => {
    const previous = state;
    state = tensorsOf(values);
    tf.dispose(previous);
  };
  write(definition.state);
  return {
    execution: 'eager',
    run(name, values, fetch) {
      const given = inputTensors(definition.name, name, inputsOf(name), values);
      checkOrder(name);
      const { fn, inputs: complete, outputs: available, changesState } = functions[name] as EagerFunction;
      const inputs = complete(given);
      const kept = tf.tidy(() => {
        const result = fn.run({ ...state, ...frozen }, inputs);
        const changed = changesState ? checkedNewState(definition, name, result.state) : {};
        const wanted = fetch ?? available ?? Object.keys(result.outputs);
        // Clones, so that an entry may be handed on unchanged or an output be an entry of the state.
        const clones = (tensors: Tensors, keys: readonly string[]) =>
          Object.fromEntries(
            keys.map((key) => [key, tf.clone(outputOf(definition.name, name, tensors, key))]),
          );
        return { state: clones(changed, Object.keys(changed)), outputs: clones(result.outputs, wanted) };
      });
      for (const [key, tensor] of Object.entries(kept.state)) {
        state[key]?.dispose();
        state[key] = tensor;
      }
      const outputs = readAll(kept.outputs);
      tf.dispose([kept.outputs, inputs]);
      return outputs;
    },
    readState: () => readAll(state),
    writeState(values) {
      checkState(definition.name, definition.state, values);
      write(values);
    },
    dispose: () => tf.dispose([state, frozen]),
  };
}

function outputOf<T>(program: string, name: string, outputs: Readonly<Record<string, T>>, key: string): T {
  const output = outputs[key];
  if (output === undefined) {
    throw new Error(
      `${program}.${name}: there is no output "${key}", only ${Object.keys(outputs).join(', ')}.`,
    );
  }
  return output;
}

function tensorsOf(values: TensorDataMap): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(values).map(([key, data]) => [key, toTensor(data)]));
}

function readAll(tensors: Tensors): Record<string, TensorData> {
  return Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [key, fromTensor(tensor)]));
}

function exampleInputs(
  definition: ProgramDefinition,
  name: string,
  fn: ProgramFunction,
): Record<string, tf.Tensor> {
  const zeros = Object.fromEntries(
    Object.entries(fn.inputs).map(([key, { shape, dtype }]) => [
      key,
      dtype === 'float32' ? new Float32Array(sizeOf(shape)) : new Int32Array(sizeOf(shape)),
    ]),
  );
  return inputTensors(definition.name, name, fn.inputs, { ...zeros, ...fn.example });
}

const STATE = 'state ';
const INPUT = 'input ';
const KEPT = 'kept ';
const prefixed = <T>(prefix: string, values: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]));

/** Runs `use` with what records one function on example inputs. */
function withRecorder<T>(
  backend: RecordableBackend,
  definition: ProgramDefinition,
  name: string,
  fn: ProgramFunction,
  use: (once: () => RawRecording) => T,
): T {
  const state = tensorsOf({ ...definition.state, ...definition.frozen });
  const inputs = exampleInputs(definition, name, fn);
  const given = { ...prefixed(STATE, state), ...prefixed(INPUT, inputs) };
  const run = () => {
    const result = fn.run(state, inputs);
    return {
      ...prefixed(STATE, checkedNewState(definition, name, result.state)),
      ...prefixed(INPUT, result.outputs),
    };
  };
  const runOp = shapeRunner(backend);
  const once = () => record(backend, `${definition.name}.${name}`, given, run, runOp);
  try {
    return use(once);
  } finally {
    tf.dispose([state, inputs]);
  }
}

/** Records one function twice: once for the graph, once to see that nothing hidden goes into it. */
function recordTwice(
  backend: RecordableBackend,
  definition: ProgramDefinition,
  name: string,
  fn: ProgramFunction,
): Recording {
  return withRecorder(backend, definition, name, fn, (once) => {
    const first = once();
    assertSameRecording(`${definition.name}.${name}`, first, once());
    return simplify(first);
  });
}

/**
 * What one function of a program asks of TensorFlow, recorded by running it once on example inputs; null without the
 * native library.
 *
 * @throws RecordingError as {@link compileProgram} does.
 */
export function recordFunction(definition: ProgramDefinition, name: string): RawRecording | null {
  const backend = nativeBackend() as RecordableBackend | null;
  const fn = definition.functions[name];
  if (fn === undefined) throw new Error(`${definition.name}: there is no function "${name}".`);
  return backend === null ? null : withRecorder(backend, definition, name, fn, (once) => once());
}

/** The recordings of all that can be run, and what halves keep for each other. */
function recordAll(
  backend: RecordableBackend,
  definition: ProgramDefinition,
): {
  readonly functions: Record<string, GraphFunctionSource>;
  readonly kept: Record<string, TensorType>;
} {
  const functions: Record<string, GraphFunctionSource> = {};
  const kept: Record<string, TensorType> = {};
  for (const [name, fn] of Object.entries(definition.functions)) {
    functions[name] = { inputs: fn.inputs, recording: recordTwice(backend, definition, name, fn) };
  }
  for (const fn of definition.halved ?? []) {
    const [first, second] = fn.halves;
    const inputs = inputsOfHalves(fn);
    const cut = cutRecording(`${definition.name}.${first}`, recordTwice(backend, definition, first, fn), {
      early: fn.early.map((name) => INPUT + name),
      later: fn.later.map((name) => INPUT + name),
      inputs: prefixed(INPUT, fn.inputs),
      kept: `${KEPT}${first} `,
    });
    functions[first] = { inputs: inputs[first] ?? {}, recording: cut.first };
    functions[second] = { inputs: inputs[second] ?? {}, recording: cut.second };
    Object.assign(kept, cut.kept);
  }
  return { functions, kept };
}

/** A graph in its session, with what its runs are checked against. */
interface OpenGraph {
  readonly name: string;
  readonly graph: ProgramGraph;
  /** Shapes alone: the values lie in the graph and would else stay in memory twice. */
  readonly stateTypes: StateTypes;
  readonly inputsOf: (run: string) => Specs;
  readonly checkOrder: (run: string) => void;
  /** Feeds and runs nodes; the tensors that are fed are freed. */
  readonly run: (feeds: Record<string, tf.Tensor>, nodes: readonly string[]) => tf.Tensor[];
  readonly close: () => void;
}

function sessionRunner(backend: RecordableBackend, session: number): OpenGraph['run'] {
  return (feeds, nodes) => {
    if (nodes.length === 0) return [];
    const infos = Object.keys(feeds).map((name) => ({ name }));
    const copies = Object.values(feeds).map((tensor) => deepCopy(backend, tensor));
    tf.dispose(feeds);
    try {
      return backend.runSavedModel(session, copies, infos, nodes);
    } finally {
      tf.dispose(copies);
    }
  };
}

function openProgram(backend: RecordableBackend, definition: ProgramDefinition, chained: boolean): OpenGraph {
  const graph = buildGraph(backend.binding, {
    state: { ...definition.state, ...definition.frozen },
    ...recordAll(backend, definition),
    statePrefix: STATE,
    inputPrefix: INPUT,
    chained,
  });
  const session = openGraph(backend, graph.nodes);
  return {
    name: definition.name,
    graph,
    stateTypes: typesOf(definition.state),
    inputsOf: inputsByName(definition),
    checkOrder: orderOfHalves(definition),
    run: sessionRunner(backend, session),
    close: () => backend.deleteSavedModel(session),
  };
}

function writeState({ graph, run }: Pick<OpenGraph, 'graph' | 'run'>, state: TensorDataMap): void {
  const entries = Object.entries(state).map(([key, data]) => ({
    data,
    ...(graph.write[key] as ProgramGraph['write'][string]),
  }));
  const feeds = Object.fromEntries(entries.map(({ placeholder, data }) => [placeholder, toTensor(data)]));
  const done = entries.map((entry) => entry.done);
  tf.dispose(run(feeds, done));
}

function graphProgram(backend: RecordableBackend, definition: ProgramDefinition, chained: boolean): Program {
  const open = openProgram(backend, definition, chained);
  writeState(open, { ...definition.state, ...definition.frozen });
  return programOf(open, chained);
}

/** The program of an open graph; nothing in it holds on to the definition. */
function programOf(open: OpenGraph, chained: boolean): Program {
  const { name: program, graph, stateTypes, inputsOf, checkOrder, run } = open;
  return {
    execution: chained ? 'chained' : 'fast',
    run(name, values, fetch) {
      const specs = inputsOf(name);
      const compiled = graph.functions[name] as ProgramGraph['functions'][string];
      const wanted = fetch ?? Object.keys(compiled.outputs);
      const nodes = wanted.map((key) => outputOf(program, name, compiled.outputs, key));
      const inputs = inputTensors(program, name, specs, values);
      checkOrder(name);
      const feeds = Object.fromEntries(
        Object.entries(compiled.placeholders).map(([key, node]) => [node, inputs[key] as tf.Tensor]),
      );
      const tensors = run(feeds, [...nodes, compiled.done]);
      tf.dispose(inputs);
      const outputs = Object.fromEntries(wanted.map((key, i) => [key, fromTensor(tensors[i] as tf.Tensor)]));
      tf.dispose(tensors);
      return outputs;
    },
    readState() {
      const keys = Object.keys(stateTypes);
      const tensors = run(
        {},
        keys.map((key) => graph.read[key] as string),
      );
      const state = Object.fromEntries(keys.map((key, i) => [key, fromTensor(tensors[i] as tf.Tensor)]));
      tf.dispose(tensors);
      return state;
    },
    writeState(state) {
      checkState(program, stateTypes, state);
      writeState(open, state);
    },
    dispose: open.close,
  };
}

/**
 * Makes a program out of pure functions over one state.
 *
 * On the native backend the functions are recorded (each is called twice on example inputs: what differs between the two
 * calls would be a hidden constant and is refused) and run as one graph. On a backend without graphs, or with
 * `execution: 'eager'`, they run op by op with the same results up to rounding.
 *
 * @throws RecordingError for functions that read tensors, use tensors from outside, or are not pure.
 */
export function compileProgram(definition: ProgramDefinition, execution: Execution = 'chained'): Program {
  const backend = execution === 'eager' ? null : (nativeBackend() as RecordableBackend | null);
  if (backend === null) return eagerProgram(definition);
  return graphProgram(backend, definition, execution === 'chained');
}
