/**
 * Writing a TensorFlow graph as a SavedModel, the one form in which tfjs-node opens a graph and runs it in a session.
 *
 * The protobuf classes ship in tfjs-node-gpu; nothing types them, so the few that are used are declared here.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NativeBackend, NativeOpAttr } from './engine.js';
import type * as tf from './tf.js';

/** TensorFlow's DataType numbers of the dtypes that tfjs has. */
const DATA_TYPES: Readonly<Record<string, number>> = { float32: 1, int32: 3, string: 7, bool: 10 };
/** Version of the graph format; TensorFlow reads every version from its oldest supported one on. */
const GRAPH_PRODUCER = 1087;

export function dataTypeNumber(dtype: string): number {
  const number = DATA_TYPES[dtype];
  if (number === undefined) throw new Error(`Graph: a tensor of dtype ${dtype} cannot stand in a graph.`);
  return number;
}

/** An attribute of a graph node. Lists of strings exist in graphs alone: the eager binding has none. */
export type AttributeValue =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'int'; readonly value: number | readonly number[] }
  | { readonly kind: 'float'; readonly value: number | readonly number[] }
  | { readonly kind: 'bool'; readonly value: boolean | readonly boolean[] }
  | { readonly kind: 'type'; readonly value: number }
  | { readonly kind: 'shape'; readonly value: readonly number[] }
  | {
      readonly kind: 'tensor';
      readonly value: {
        readonly shape: readonly number[];
        readonly dtype: string;
        readonly values: tf.TypedArray;
      };
    };

/** A node of a graph. Inputs are `name`, `name:output`, or `^name` for "after that node". */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

interface Message {
  serializeBinary(): Uint8Array;
}
interface DimMessage extends Message {
  setSize(size: number): void;
}
interface ShapeMessage extends Message {
  addDim(dim: DimMessage): void;
}
interface TensorMessage extends Message {
  setDtype(dtype: number): void;
  setTensorShape(shape: ShapeMessage): void;
  setTensorContent(bytes: Uint8Array): void;
}
interface ListMessage extends Message {
  setSList(values: Uint8Array[]): void;
  setIList(values: number[]): void;
  setFList(values: number[]): void;
  setBList(values: boolean[]): void;
}
interface AttrMessage extends Message {
  setS(value: Uint8Array): void;
  setI(value: number): void;
  setF(value: number): void;
  setB(value: boolean): void;
  setType(value: number): void;
  setShape(value: ShapeMessage): void;
  setTensor(value: TensorMessage): void;
  setList(value: ListMessage): void;
}
interface NodeMessage extends Message {
  setName(name: string): void;
  setOp(op: string): void;
  setInputList(inputs: string[]): void;
  getAttrMap(): { set(key: string, value: AttrMessage): void };
}
interface VersionMessage extends Message {
  setProducer(version: number): void;
}
interface GraphMessage extends Message {
  setNodeList(nodes: NodeMessage[]): void;
  setVersions(versions: VersionMessage): void;
}
interface MetaInfoMessage extends Message {
  setTagsList(tags: string[]): void;
}
interface MetaGraphMessage extends Message {
  setMetaInfoDef(info: MetaInfoMessage): void;
  setGraphDef(graph: GraphMessage): void;
}
interface SavedModelMessage extends Message {
  setSavedModelSchemaVersion(version: number): void;
  setMetaGraphsList(graphs: MetaGraphMessage[]): void;
}
interface Messages {
  readonly AttrValue: (new () => AttrMessage) & { readonly ListValue: new () => ListMessage };
  readonly GraphDef: new () => GraphMessage;
  readonly MetaGraphDef: (new () => MetaGraphMessage) & { readonly MetaInfoDef: new () => MetaInfoMessage };
  readonly NodeDef: new () => NodeMessage;
  readonly SavedModel: new () => SavedModelMessage;
  readonly Tensor: new () => TensorMessage;
  readonly TensorShape: (new () => ShapeMessage) & { readonly Dim: new () => DimMessage };
  readonly VersionDef: new () => VersionMessage;
}

function loadMessages(): Messages {
  const nodeRequire = createRequire(import.meta.url);
  return nodeRequire('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js') as Messages;
}

function shapeMessage(messages: Messages, shape: readonly number[]): ShapeMessage {
  const result = new messages.TensorShape();
  for (const length of shape) {
    const dim = new messages.TensorShape.Dim();
    dim.setSize(length);
    result.addDim(dim);
  }
  return result;
}

function bytesOf(values: tf.TypedArray): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function listMessage(messages: Messages, attribute: AttributeValue): ListMessage {
  const list = new messages.AttrValue.ListValue();
  const { kind, value } = attribute;
  if (kind === 'strings') list.setSList(value.map((text) => new TextEncoder().encode(text)));
  else if (kind === 'int') list.setIList([...(value as readonly number[])]);
  else if (kind === 'float') list.setFList([...(value as readonly number[])]);
  else if (kind === 'bool') list.setBList([...(value as readonly boolean[])]);
  return list;
}

function attributeMessage(messages: Messages, attribute: AttributeValue): AttrMessage {
  const result = new messages.AttrValue();
  const { kind, value } = attribute;
  if (kind === 'shape') result.setShape(shapeMessage(messages, value));
  else if (kind === 'tensor') {
    const tensor = new messages.Tensor();
    tensor.setDtype(dataTypeNumber(value.dtype));
    tensor.setTensorShape(shapeMessage(messages, value.shape));
    tensor.setTensorContent(bytesOf(value.values));
    result.setTensor(tensor);
  } else if (Array.isArray(value)) result.setList(listMessage(messages, attribute));
  else if (kind === 'string') result.setS(new TextEncoder().encode(value));
  else if (kind === 'int') result.setI(value as number);
  else if (kind === 'float') result.setF(value as number);
  else if (kind === 'bool') result.setB(value as boolean);
  else if (kind === 'type') result.setType(value);
  return result;
}

/** Attributes as the eager binding takes them, for a graph node. */
export function graphAttributes(
  binding: NativeBackend['binding'],
  attributes: readonly NativeOpAttr[],
): Record<string, AttributeValue> {
  const kinds = new Map<number, AttributeValue['kind']>([
    [binding.TF_ATTR_STRING, 'string'],
    [binding.TF_ATTR_INT, 'int'],
    [binding.TF_ATTR_FLOAT, 'float'],
    [binding.TF_ATTR_BOOL, 'bool'],
    [binding.TF_ATTR_TYPE, 'type'],
    [binding.TF_ATTR_SHAPE, 'shape'],
  ]);
  return Object.fromEntries(
    attributes.map(({ name, type, value }) => {
      const kind = kinds.get(type);
      if (kind === undefined) throw new Error(`Graph: attribute ${name} has the unknown type ${type}.`);
      return [name, { kind, value } as AttributeValue];
    }),
  );
}

/** The bytes of `saved_model.pb` of a graph. */
export function savedModelBytes(nodes: readonly GraphNode[]): Uint8Array {
  const messages = loadMessages();
  const graph = new messages.GraphDef();
  graph.setNodeList(
    nodes.map((node) => {
      const message = new messages.NodeDef();
      message.setName(node.name);
      message.setOp(node.op);
      message.setInputList([...node.inputs]);
      for (const [key, attribute] of Object.entries(node.attributes)) {
        message.getAttrMap().set(key, attributeMessage(messages, attribute));
      }
      return message;
    }),
  );
  const versions = new messages.VersionDef();
  versions.setProducer(GRAPH_PRODUCER);
  graph.setVersions(versions);
  const info = new messages.MetaGraphDef.MetaInfoDef();
  info.setTagsList(['serve']);
  const metaGraph = new messages.MetaGraphDef();
  metaGraph.setMetaInfoDef(info);
  metaGraph.setGraphDef(graph);
  const model = new messages.SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.setMetaGraphsList([metaGraph]);
  return model.serializeBinary();
}

/**
 * Opens a graph in a session of its own. The folder that this takes is removed again.
 *
 * @returns the session's id, for `runSavedModel` and `deleteSavedModel` of the backend.
 */
export function openGraph(backend: NativeBackend, nodes: readonly GraphNode[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'care-graph-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), savedModelBytes(nodes));
    return backend.loadSavedModelMetaGraph(folder, 'serve');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
