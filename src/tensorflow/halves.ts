/** Cutting a recording in two: what can be computed before some of its inputs are known, and the rest. */
import { RecordingError, type Recording, type Source, type TensorType } from './recording.js';
import { simplify } from './simplify.js';

export interface CutOptions {
  /** Outputs of the first half. */
  readonly early: readonly string[];
  /** Inputs that the first half does not have. */
  readonly later: readonly string[];
  /** Shape and dtype of the inputs that are given for a run; what is not among them is there for both halves. */
  readonly inputs: Readonly<Record<string, TensorType>>;
  /** The names of tensors that are handed over start so. */
  readonly kept: string;
}

export interface Halves {
  /** Gives the early outputs and, under the names in `kept`, what the second half needs. */
  readonly first: Recording;
  /** Takes the tensors in `kept` as inputs and gives all other outputs. */
  readonly second: Recording;
  readonly kept: Readonly<Record<string, TensorType>>;
}

/** Numbers of the ops that the named outputs depend on. */
function opsBehind(name: string, recording: Recording, { early, later }: CutOptions): ReadonlySet<number> {
  const found = new Set<number>();
  const add = (source: Source | undefined): void => {
    if (source?.from === 'op') found.add(source.op);
    if (source?.from === 'input' && later.includes(source.name)) {
      throw new RecordingError(
        `Recording ${name}: ${early.join(', ')} of the first half depend on ${source.name}, which only the second half has.`,
      );
    }
  };
  for (const output of early) {
    if (recording.outputs[output] === undefined) {
      throw new RecordingError(`Recording ${name}: the first half is to give ${output}, which is no output.`);
    }
    add(recording.outputs[output]);
  }
  // Inputs of an op come before it, so one pass from the end finds all.
  for (let i = recording.ops.length - 1; i >= 0; i--) {
    if (found.has(i)) recording.ops[i]?.inputs.forEach(add);
  }
  return found;
}

/**
 * Cuts a function where its early outputs are known. The first half is what these depend on, and nothing else; the
 * second half is the rest, in the order of the recording, with the first half's results as inputs.
 *
 * @throws RecordingError when an early output depends on a later input, or is none.
 */
export function cutRecording(name: string, recording: Recording, options: CutOptions): Halves {
  const { ops, constants, outputs } = recording;
  const inFirst = opsBehind(name, recording, options);
  const names = new Map<string, string>();
  const kept: Record<string, TensorType> = {};
  const handedOver: Record<string, Source> = {};

  function typeOf(source: Source): TensorType | undefined {
    if (source.from === 'op') {
      return inFirst.has(source.op) ? ops[source.op]?.results[source.output] : undefined;
    }
    const isGiven = source.from === 'input' && !options.later.includes(source.name);
    return isGiven ? options.inputs[source.name] : undefined;
  }
  /** Where the second half finds what the whole function had from `source`. */
  function moved(source: Source): Source {
    const type = typeOf(source);
    if (type === undefined) return source;
    const key = JSON.stringify(source);
    const known = names.get(key) ?? `${options.kept}${names.size}`;
    names.set(key, known);
    kept[known] = type;
    handedOver[known] = source;
    return { from: 'input', name: known };
  }

  const rest = ops.map((op, i) => (inFirst.has(i) ? op : { ...op, inputs: op.inputs.map(moved) }));
  const lateOutputs = Object.entries(outputs)
    .filter(([output]) => !options.early.includes(output))
    .map(([output, source]) => [output, moved(source)] as const);
  const earlyOutputs = options.early.map((output) => [output, outputs[output] as Source] as const);
  return {
    first: simplify({ ops, constants, outputs: { ...Object.fromEntries(earlyOutputs), ...handedOver } }),
    second: simplify({ ops: rest, constants, outputs: Object.fromEntries(lateOutputs) }),
    kept,
  };
}
