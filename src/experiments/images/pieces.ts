/** Parameters of a batch's augmentation, cut into those of its pieces. */
import type { SimclrAugmentation, SimclrParameters } from '../../augment/simclr.js';

type Values = Record<string, Float32Array | Int32Array>;
type Column = Float32Array | Int32Array | Uint8Array;

/** The rows from `start` to `end` of every column, whatever its width. */
function rowsOf<T extends object>(columns: T, rows: number, start: number, end: number): T {
  return Object.fromEntries(
    Object.entries(columns as Readonly<Record<string, Column>>).map(([name, column]) => {
      const width = column.length / rows;
      return [name, column.slice(start * width, end * width)];
    }),
  ) as T;
}

/** What was drawn for the images from `start` to `end`. */
export function parametersOf(drawn: SimclrParameters, start: number, end: number): SimclrParameters {
  const { count } = drawn;
  return {
    count: end - start,
    crop: rowsOf(drawn.crop, count, start, end),
    flip: rowsOf(drawn.flip, count, start, end),
    jitter: rowsOf(drawn.jitter, count, start, end),
    grayscale: rowsOf(drawn.grayscale, count, start, end),
    blur: rowsOf(drawn.blur, count, start, end),
  };
}

/**
 * The augmentation's inputs for pieces of so many images, those of one piece behind those of another. They are not the
 * batch's own cut up: colour jitter sorts the images that it is given together.
 */
export function inputValuesByPiece(
  augmentation: SimclrAugmentation,
  drawn: SimclrParameters,
  piece: number,
): Values {
  const pieces = Array.from({ length: drawn.count / piece }, (_, i) =>
    augmentation.inputValues(parametersOf(drawn, i * piece, (i + 1) * piece)),
  );
  return Object.fromEntries(
    Object.keys(pieces[0] ?? {}).map((key) => [key, joined(pieces.map((values) => values[key]))]),
  );
}

function joined(parts: readonly (Float32Array | Int32Array | undefined)[]): Float32Array | Int32Array {
  const length = parts.reduce((sum, part) => sum + (part?.length ?? 0), 0);
  const whole = parts[0] instanceof Float32Array ? new Float32Array(length) : new Int32Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part ?? [], at);
    at += part?.length ?? 0;
  }
  return whole;
}
