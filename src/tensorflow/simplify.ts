/**
 * What a recording says twice or for nothing.
 *
 * A step that sends several views through one network asks for some things once a view that are the same every time, such
 * as a filter turned for the backward pass, and a gradient function computes things that nobody takes. TensorFlow's own
 * optimiser cannot remove either from a graph whose ops are chained.
 */
import type { RecordedConstant, RecordedOp, Recording, Source } from './recording.js';

/** Ops that are asked for their effect, or that give another result every time. None is recorded so far; it must not be shared. */
const NOT_PURE = /Random(?!.*Stateless)|Variable|Queue|Print|Assert/;

function isPure({ name }: RecordedOp): boolean {
  return name.startsWith('Stateless') || !NOT_PURE.test(name);
}

function constantKey({ shape, dtype, values }: RecordedConstant): string {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return `${dtype} ${shape.join(',')} ${bytes.toString('base64')}`;
}

function sourceKey(source: Source): string {
  if (source.from === 'op') return `o${source.op}:${source.output}`;
  return source.from === 'input' ? `i${source.name}` : `c${source.constant}`;
}

/** For each item the number of the first item with the same key. */
function firstsOf(keys: readonly string[]): readonly number[] {
  const seen = new Map<string, number>();
  return keys.map((key, i) => {
    const first = seen.get(key);
    if (first !== undefined) return first;
    seen.set(key, i);
    return i;
  });
}

function renumbered(
  source: Source,
  ops: ReadonlyMap<number, number>,
  constants: ReadonlyMap<number, number>,
): Source {
  if (source.from === 'op') return { ...source, op: ops.get(source.op) ?? source.op };
  if (source.from === 'constant')
    return { ...source, constant: constants.get(source.constant) ?? source.constant };
  return source;
}

function withRepeatsShared({ ops, constants, outputs }: Recording): Recording {
  const firstConstant = firstsOf(constants.map(constantKey));
  const sameConstant = new Map(firstConstant.map((first, i) => [i, first]));
  const sameOp = new Map<number, number>();
  const seen = new Map<string, number>();
  const rewritten = ops.map((op, i) => {
    const inputs = op.inputs.map((source) => renumbered(source, sameOp, sameConstant));
    const key = `${op.name} ${JSON.stringify(op.attributes)} ${inputs.map(sourceKey).join(' ')}`;
    const first = isPure(op) ? (seen.get(key) ?? i) : i;
    seen.set(key, first);
    sameOp.set(i, first);
    return { ...op, inputs };
  });
  const results = Object.entries(outputs).map(([name, source]) => [
    name,
    renumbered(source, sameOp, sameConstant),
  ]);
  return { ops: rewritten, constants, outputs: Object.fromEntries(results) as Recording['outputs'] };
}

function withoutUnused({ ops, constants, outputs }: Recording): Recording {
  const usedOps = new Set<number>();
  const usedConstants = new Set<number>();
  const use = (source: Source): void => {
    if (source.from === 'op') usedOps.add(source.op);
    if (source.from === 'constant') usedConstants.add(source.constant);
  };
  Object.values(outputs).forEach(use);
  // Inputs of an op come before it, so one pass from the end sees every use.
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i];
    if (op !== undefined && !isPure(op)) usedOps.add(i);
    if (op !== undefined && usedOps.has(i)) op.inputs.forEach(use);
  }
  const numbers = (used: ReadonlySet<number>) =>
    new Map([...used].sort((a, b) => a - b).map((old, position) => [old, position]));
  const opNumbers = numbers(usedOps);
  const constantNumbers = numbers(usedConstants);
  const moved = (source: Source): Source => renumbered(source, opNumbers, constantNumbers);
  return {
    ops: ops.filter((_, i) => usedOps.has(i)).map((op) => ({ ...op, inputs: op.inputs.map(moved) })),
    constants: constants.filter((_, i) => usedConstants.has(i)),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, source]) => [name, moved(source)])),
  };
}

/** The same function with every result computed once, and none that is not used. */
export function simplify(recording: Recording): Recording {
  return withoutUnused(withRepeatsShared(recording));
}
