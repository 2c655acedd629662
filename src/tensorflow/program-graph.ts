/** From recordings to one graph that holds the state as variables. */
import type { NativeBinding } from './engine.js';
import type { Recording, Source, TensorType } from './recording.js';
import { dataTypeNumber, graphAttributes, type AttributeValue, type GraphNode } from './saved-model.js';
import type { TensorDataMap } from './tensor-data.js';

export interface GraphFunctionSource {
  readonly inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly dtype: string }>>;
  readonly recording: Recording;
}

export interface ProgramSource {
  readonly state: TensorDataMap;
  readonly functions: Readonly<Record<string, GraphFunctionSource>>;
  /** Tensors that one function leaves for another, which takes them away; by their names in the recordings. */
  readonly kept: Readonly<Record<string, TensorType>>;
  /** Prefixes that tell state from inputs and outputs among a recording's names. */
  readonly statePrefix: string;
  readonly inputPrefix: string;
  /** Whether each op waits for the one recorded before it, which makes results the same to the bit. */
  readonly chained: boolean;
}

/** Names of the nodes by which a program is fed, run and read. */
export interface ProgramGraph {
  readonly nodes: readonly GraphNode[];
  readonly functions: Readonly<
    Record<
      string,
      {
        readonly placeholders: Readonly<Record<string, string>>;
        readonly outputs: Readonly<Record<string, string>>;
        /** Fetched to run the state's updates. */
        readonly done: string;
      }
    >
  >;
  readonly read: Readonly<Record<string, string>>;
  /** For each entry of the state: the node to feed its new value to, and the one to fetch to have it written. */
  readonly write: Readonly<Record<string, { readonly placeholder: string; readonly done: string }>>;
}

const typeAttribute = (dtype: string): AttributeValue => ({ kind: 'type', value: dataTypeNumber(dtype) });
const shapeAttribute = (shape: readonly number[]): AttributeValue => ({ kind: 'shape', value: shape });

function placeholder(name: string, dtype: string, shape: readonly number[]): GraphNode {
  return {
    name,
    op: 'Placeholder',
    inputs: [],
    attributes: { dtype: typeAttribute(dtype), shape: shapeAttribute(shape) },
  };
}

/** A scalar that is there once the nodes in `after` have run: what is fetched to make them run. */
function doneNode(name: string, after: readonly string[]): GraphNode {
  const value = { shape: [], dtype: 'int32', values: Int32Array.of(0) };
  return {
    name,
    op: 'Const',
    inputs: after.map((node) => `^${node}`),
    attributes: { dtype: typeAttribute('int32'), value: { kind: 'tensor', value } },
  };
}

function variableNode(
  name: string,
  { dtype, shape }: { dtype: string; shape: readonly number[] },
): GraphNode {
  return {
    name,
    op: 'VarHandleOp',
    inputs: [],
    attributes: {
      dtype: typeAttribute(dtype),
      shape: shapeAttribute(shape),
      shared_name: { kind: 'string', value: name },
    },
  };
}

interface Variables {
  readonly nodes: readonly GraphNode[];
  readonly handles: Readonly<Record<string, string>>;
  readonly read: Readonly<Record<string, string>>;
  readonly write: ProgramGraph['write'];
}

/** The state as resource variables, with nodes to read and write all of it. */
function variables(state: TensorDataMap): Variables {
  const nodes: GraphNode[] = [];
  const handles: Record<string, string> = {};
  const read: Record<string, string> = {};
  const write: Record<string, { placeholder: string; done: string }> = {};
  Object.entries(state).forEach(([key, { dtype, shape }], i) => {
    const handle = `state/${i}`;
    const type = typeAttribute(dtype);
    handles[key] = handle;
    read[key] = `read/${i}`;
    write[key] = { placeholder: `write_value/${i}`, done: `write_done/${i}` };
    nodes.push(
      variableNode(handle, { dtype, shape }),
      { name: `read/${i}`, op: 'ReadVariableOp', inputs: [handle], attributes: { dtype: type } },
      placeholder(`write_value/${i}`, dtype, shape),
      {
        name: `write/${i}`,
        op: 'AssignVariableOp',
        inputs: [handle, `write_value/${i}`],
        attributes: { dtype: type },
      },
      doneNode(`write_done/${i}`, [`write/${i}`]),
    );
  });
  return { nodes, handles, read, write };
}

/** Variables without a value, for what one function leaves for another. */
function keptVariables(kept: ProgramSource['kept']): Pick<Variables, 'nodes' | 'handles'> {
  const entries = Object.entries(kept).map(([name, type], i) => ({ name, type, handle: `kept/${i}` }));
  return {
    nodes: entries.map(({ type, handle }) => variableNode(handle, type)),
    handles: Object.fromEntries(entries.map(({ name, handle }) => [name, handle])),
  };
}

interface BuiltFunction {
  readonly nodes: readonly GraphNode[];
  readonly interface: ProgramGraph['functions'][string];
}

function buildFunction(
  binding: NativeBinding,
  prefix: string,
  source: ProgramSource,
  fn: GraphFunctionSource,
  handles: Variables['handles'],
  keptHandles: Variables['handles'],
): BuiltFunction {
  const { recording } = fn;
  const nodes: GraphNode[] = [];
  const placeholders: Record<string, string> = {};
  Object.entries(fn.inputs).forEach(([key, { dtype, shape }], i) => {
    placeholders[key] = `${prefix}/input/${i}`;
    nodes.push(placeholder(`${prefix}/input/${i}`, dtype, shape));
  });

  // State is read once a function, before anything can change it.
  const reads = new Map<string, string>();
  const readOf = (key: string): string => {
    const known = reads.get(key);
    if (known !== undefined) return known;
    const handle = handles[key] as string;
    const name = `${prefix}/${handle}`;
    const dtype = source.state[key]?.dtype ?? 'float32';
    nodes.push({ name, op: 'ReadVariableOp', inputs: [handle], attributes: { dtype: typeAttribute(dtype) } });
    reads.set(key, name);
    return name;
  };

  // What was kept is let go of as soon as it is read, so that its memory is free again once the ops that need it have run.
  const taken = new Map<string, { readonly value: string; readonly gone: string }>();
  const take = (name: string, handle: string): string => {
    const known = taken.get(name);
    if (known !== undefined) return known.value;
    const [value, gone] = [`${prefix}/${handle}`, `${prefix}/${handle}/gone`];
    const attributes = { dtype: typeAttribute(source.kept[name]?.dtype ?? 'float32') };
    nodes.push(
      { name: value, op: 'ReadVariableOp', inputs: [handle], attributes },
      { name: gone, op: 'DestroyResourceOp', inputs: [handle, `^${value}`], attributes: {} },
    );
    taken.set(name, { value, gone });
    return value;
  };

  recording.constants.forEach((constant, i) => {
    const { shape, dtype, values } = constant;
    nodes.push({
      name: `${prefix}/constant/${i}`,
      op: 'Const',
      inputs: [],
      attributes: { dtype: typeAttribute(dtype), value: { kind: 'tensor', value: { shape, dtype, values } } },
    });
  });

  const opName = (op: number) => `${prefix}/${op}_${recording.ops[op]?.name ?? ''}`;
  const nodeOf = (from: Source): string => {
    if (from.from === 'op') return from.output === 0 ? opName(from.op) : `${opName(from.op)}:${from.output}`;
    if (from.from === 'constant') return `${prefix}/constant/${from.constant}`;
    const kept = keptHandles[from.name];
    if (kept !== undefined) return take(from.name, kept);
    if (from.name.startsWith(source.statePrefix)) return readOf(from.name.slice(source.statePrefix.length));
    return placeholders[from.name.slice(source.inputPrefix.length)] as string;
  };

  recording.ops.forEach((op, i) => {
    const inputs = op.inputs.map(nodeOf);
    // Waiting for the op before is implied where its result is an input.
    const waits =
      source.chained && i > 0 && !op.inputs.some((from) => from.from === 'op' && from.op === i - 1);
    nodes.push({
      name: opName(i),
      op: op.name,
      inputs: waits ? [...inputs, `^${opName(i - 1)}`] : inputs,
      attributes: graphAttributes(binding, op.attributes),
    });
  });

  const outputs: Record<string, string> = {};
  const updates: { readonly key: string; readonly value: string }[] = [];
  const keeps: string[] = [];
  for (const [name, from] of Object.entries(recording.outputs)) {
    const kept = keptHandles[name];
    if (kept !== undefined) {
      // An assignment shares the memory of its value; nothing is copied.
      const attributes = { dtype: typeAttribute(source.kept[name]?.dtype ?? 'float32') };
      const node = `${prefix}/${kept}/keep`;
      nodes.push({ name: node, op: 'AssignVariableOp', inputs: [kept, nodeOf(from)], attributes });
      keeps.push(node);
    } else if (name.startsWith(source.statePrefix)) {
      updates.push({ key: name.slice(source.statePrefix.length), value: nodeOf(from) });
    } else outputs[name.slice(source.inputPrefix.length)] = nodeOf(from);
  }
  // An update waits for every read of the old values and, so that no half of a step is kept, for the last op.
  const last = recording.ops.length - 1;
  const waits = [...reads.values(), ...(last >= 0 ? [opName(last)] : [])].map((name) => `^${name}`);
  const assigned = updates.map(({ key, value }, i) => {
    const name = `${prefix}/update/${i}`;
    const dtype = source.state[key]?.dtype ?? 'float32';
    const attributes = { dtype: typeAttribute(dtype) };
    nodes.push({
      name,
      op: 'AssignVariableOp',
      inputs: [handles[key] as string, value, ...waits],
      attributes,
    });
    return name;
  });
  const done = `${prefix}/done`;
  const gone = [...taken.values()].map((kept) => kept.gone);
  nodes.push(doneNode(done, [...assigned, ...keeps, ...gone]));
  return { nodes, interface: { placeholders, outputs, done } };
}

/** The graph of a program: its state as variables, and each function with the nodes to feed and fetch. */
export function buildGraph(binding: NativeBinding, source: ProgramSource): ProgramGraph {
  const state = variables(source.state);
  const kept = keptVariables(source.kept);
  const nodes: GraphNode[] = [...state.nodes, ...kept.nodes];
  const functions: Record<string, ProgramGraph['functions'][string]> = {};
  Object.entries(source.functions).forEach(([name, fn], i) => {
    const built = buildFunction(binding, `f${i}`, source, fn, state.handles, kept.handles);
    nodes.push(...built.nodes);
    functions[name] = built.interface;
  });
  return { nodes, functions, read: state.read, write: state.write };
}
