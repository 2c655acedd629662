/**
 * The shapes of generated images, as signed distances: negative inside, in units of the shape's radius. A value need
 * only be exact near the outline, where coverage is computed from it.
 */

/** Signed distance of the point (x, y) from a shape's outline; y points down, as rows of an image do. */
export type SignedDistance = (x: number, y: number) => number;

const hypot = (x: number, y: number): number => Math.sqrt(x * x + y * y);

/** Axis-parallel box of half sizes (a, b) around (cx, cy). */
function box(x: number, y: number, a: number, b: number): number {
  const dx = Math.abs(x) - a;
  const dy = Math.abs(y) - b;
  return hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0);
}

/** Distance from the segment between two points. */
function segment(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const ux = bx - ax;
  const uy = by - ay;
  const along = Math.min(1, Math.max(0, ((x - ax) * ux + (y - ay) * uy) / (ux * ux + uy * uy)));
  return hypot(x - ax - along * ux, y - ay - along * uy);
}

/** Signed distance from a closed polygon (even-odd rule). */
export function polygon(points: readonly (readonly [number, number])[]): SignedDistance {
  return (x, y) => {
    let distance = Infinity;
    let isInside = false;
    let [ax, ay] = points.at(-1) ?? [0, 0];
    for (const [bx, by] of points) {
      distance = Math.min(distance, segment(x, y, ax, ay, bx, by));
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isInside = !isInside;
      ax = bx;
      ay = by;
    }
    return isInside ? -distance : distance;
  };
}

function star(points: number, inner: number): SignedDistance {
  return polygon(
    Array.from({ length: 2 * points }, (_, at) => {
      const angle = (Math.PI * at) / points;
      const radius = at % 2 === 0 ? 1 : inner;
      return [radius * Math.sin(angle), -radius * Math.cos(angle)] as const;
    }),
  );
}

const triangle = polygon([
  [0, -1],
  [0.95, 0.75],
  [-0.95, 0.75],
]);
const ell = polygon([
  [-0.75, -0.95],
  [-0.15, -0.95],
  [-0.15, 0.35],
  [0.75, 0.35],
  [0.75, 0.95],
  [-0.75, 0.95],
]);
const arrow = polygon([
  [0, -1],
  [0.85, 0],
  [0.32, 0],
  [0.32, 0.95],
  [-0.32, 0.95],
  [-0.32, 0],
  [-0.85, 0],
]);
const hourglass = polygon([
  [-0.8, -0.9],
  [0.8, -0.9],
  [0.15, 0],
  [0.8, 0.9],
  [-0.8, 0.9],
  [-0.15, 0],
]);

/** The shapes by name, in the order of their labels. */
export const SHAPES: Readonly<Record<string, SignedDistance>> = {
  disc: (x, y) => hypot(x, y) - 0.9,
  ring: (x, y) => Math.abs(hypot(x, y) - 0.75) - 0.22,
  square: (x, y) => box(x, y, 0.78, 0.78),
  frame: (x, y) => Math.max(box(x, y, 0.85, 0.85), -box(x, y, 0.42, 0.42)),
  triangle,
  star: star(5, 0.42),
  cross: (x, y) => Math.min(box(x, y, 0.95, 0.32), box(x, y, 0.32, 0.95)),
  crescent: (x, y) => Math.max(hypot(x, y) - 0.95, 0.75 - hypot(x - 0.45, y)),
  ell,
  bars: (x, y) => box(Math.abs(x) - 0.6, y, 0.28, 0.9),
  arrow,
  hourglass,
};

/** Names of the classes. */
export const SHAPE_NAMES: readonly string[] = Object.keys(SHAPES);
