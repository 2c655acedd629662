/** Paths of an embedding while its protein turns once around: the panels of the paper's Figures 3 and 17-20. */
import type { Panel, VegaLiteSpec } from '../blocks.js';
import { GRID, INK, methodStyle, MUTED, PAGE, RULE } from '../theme.js';
import { brief, drawn, mean } from './statistics.js';

/** One point of a path. */
export interface PathPoint {
  readonly x: number;
  readonly y: number;
  /** Angle by which the protein is turned, in degrees. */
  readonly angle: number;
}

/** A closed path in the plane. */
export interface Trajectory {
  /** Stands above the panel, e.g. `CARE, 1A2K, x axis`. */
  readonly title: string;
  readonly method: string;
  /** In order of the angle; the path is closed from the last point to the first. */
  readonly points: readonly PathPoint[];
  /** Run that the path comes from, for the tooltip. */
  readonly run?: string;
  /** A sentence on this path for readers who cannot see it; composed from the points if absent. */
  readonly alt?: string;
}

export interface TrajectoryOptions {
  /** Side of a panel in pixels, axes included. */
  readonly size?: number;
  /** `method`: the path has its method's colour. `angle`: points run through a circle of colours. */
  readonly colour?: 'method' | 'angle';
  readonly xTitle?: string;
  readonly yTitle?: string;
  /** Half the side of what every panel shows, in units of the embedding; the largest path decides if absent. */
  readonly halfSpan?: number;
}

/** Centre and mean distance from it: the circle that a perfect turn would follow. */
export function idealCircle(points: readonly PathPoint[]): { x: number; y: number; radius: number } {
  const x = mean(points.map((point) => point.x));
  const y = mean(points.map((point) => point.y));
  return { x, y, radius: mean(points.map((point) => Math.hypot(point.x - x, point.y - y))) };
}

/** Half the side that holds every path around its own centre, with a margin: the shared scale of compared panels. */
export function sharedHalfSpan(trajectories: readonly Trajectory[]): number {
  const reach = trajectories.map(({ points }) => {
    const { x, y } = idealCircle(points);
    return Math.max(0, ...points.map((point) => Math.max(Math.abs(point.x - x), Math.abs(point.y - y))));
  });
  const largest = Math.max(0, ...reach);
  return largest > 0 ? largest * 1.12 : 1;
}

/**
 * One panel a path, all on one scale and with equal units on both axes. A thin circle of the path's own mean radius is
 * the ideal; the hollow mark is where the turn begins, small dots follow every 30 degrees. The first panel names them.
 */
export function trajectoryPanels(
  trajectories: readonly Trajectory[],
  options: TrajectoryOptions = {},
): Panel[] {
  for (const { title, points } of trajectories) {
    if (points.length === 0)
      throw new Error(`trajectoryPanels: "${title}" has no points; leave the panel out instead.`);
  }
  const halfSpan = options.halfSpan ?? sharedHalfSpan(trajectories);
  return trajectories.map((trajectory, index) => ({
    title: trajectory.title,
    spec: trajectorySpec(trajectory, { ...options, halfSpan, withKey: index === 0 }),
  }));
}

const DEFAULT_SIZE = 170;

/** Below this side, in pixels, numbers at the ticks would crowd the path: the name of the axis gives the grid instead. */
const ROOM_FOR_NUMBERS = 140;

/** Room around the path for axes and their names, in pixels: fixed, so that all panels are of one size everywhere. */
const ROOM = {
  numbers: { left: 38, right: 14, top: 20, bottom: 36 },
  bare: { left: 4, right: 4, top: 20, bottom: 22 },
};
const LINE = 14;

interface SpecOptions extends TrajectoryOptions {
  readonly halfSpan: number;
  /** Whether this panel names the start mark and the ideal circle for all of them. */
  readonly withKey: boolean;
}

function trajectorySpec(trajectory: Trajectory, options: SpecOptions): VegaLiteSpec {
  const { size = DEFAULT_SIZE, colour = 'method' } = options;
  const { points } = trajectory;
  const centre = idealCircle(points);
  const room = size < ROOM_FOR_NUMBERS ? ROOM.bare : ROOM.numbers;
  const side = size - room.left - room.right;
  return {
    description: trajectory.alt ?? describePath(trajectory),
    width: side,
    height: side,
    autosize: { type: 'none' },
    padding: { ...room, bottom: room.bottom + (options.withKey ? LINE : 0) },
    data: { values: closedPath(points, trajectory.run) },
    encoding: { x: axis('x', centre.x, options), y: axis('y', centre.y, options) },
    layer: [
      circleLayer(centre),
      ...(colour === 'method' ? methodPath(trajectory.method) : anglePath()),
      startLayer(trajectory.method, colour),
    ],
  };
}

function closedPath(points: readonly PathPoint[], run: string | undefined): object[] {
  const first = points[0];
  const rows = first ? [...points, { ...first, angle: first.angle + 360 }] : [];
  const spacing = Math.max(1, Math.round(points.length / 12));
  return rows.map((point, index) => ({
    x: drawn(point.x),
    y: drawn(point.y),
    angle: drawn(point.angle),
    ...(index % spacing === 0 && index < points.length ? { mark: 1 } : {}),
    ...(index === 0 ? { start: 1 } : {}),
    ...(run === undefined ? {} : { run }),
  }));
}

/** The largest of 1, 2, 5 times a power of ten that fits between the centre and the edge of a panel. */
export function gridStep(halfSpan: number): number {
  const power = 10 ** Math.floor(Math.log10(halfSpan * 0.95));
  const lead = [5, 2, 1].find((each) => each * power <= halfSpan * 0.95) ?? 1;
  return Number((lead * power).toPrecision(1));
}

/** The name of the upright axis lies above it, so that a small panel keeps its width for the path. */
const UPRIGHT = { titleAngle: 0, titleAlign: 'left', titleBaseline: 'bottom', titleY: -5 };

function axis(channel: 'x' | 'y', centre: number, options: SpecOptions): object {
  const { halfSpan, size = DEFAULT_SIZE } = options;
  const [low, high] = [centre - halfSpan, centre + halfSpan];
  const step = gridStep(halfSpan);
  const first = Math.ceil(low / step);
  const values = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) =>
    drawn((first + index) * step),
  );
  const bare = size < ROOM_FOR_NUMBERS;
  const common = {
    values,
    grid: true,
    gridColor: GRID,
    format: '~g',
    // The numbers of a path that hardly moves do not fit beside it in full.
    ...(step < 0.005 ? { labelExpr: "datum.value === 0 ? '0' : format(datum.value, '.0e')" } : {}),
    labels: !bare,
    ticks: !bare,
    labelOverlap: true,
  };
  const upright = { ...UPRIGHT, titleX: bare ? 0 : -32, minExtent: bare ? 0 : 30, maxExtent: bare ? 0 : 30 };
  return {
    field: channel,
    type: 'quantitative',
    title: channel === 'x' ? xTitle(options, bare ? step : undefined) : (options.yTitle ?? 'PC 2'),
    scale: { domain: [drawn(low), drawn(high)], nice: false, zero: false },
    axis: channel === 'x' ? { ...common, titlePadding: bare ? 4 : 2 } : { ...common, ...upright },
  };
}

/** The axis with its grid where the ticks have no numbers; in one panel also the key to circle and start mark. */
function xTitle(options: SpecOptions, step: number | undefined): string[] {
  const name = options.xTitle ?? 'PC 1';
  const key = options.withKey ? ['\u25cb 0\u00b0   \u2504 ideal'] : [];
  return [step === undefined ? name : `${name}, grid ${brief(step)}`, ...key];
}

function circleLayer(circle: { x: number; y: number; radius: number }): object {
  const values = Array.from({ length: 49 }, (_, index) => ({
    x: drawn(circle.x + circle.radius * Math.cos((index * Math.PI) / 24)),
    y: drawn(circle.y + circle.radius * Math.sin((index * Math.PI) / 24)),
    index,
  }));
  return {
    data: { values },
    mark: { type: 'line', color: RULE, strokeWidth: 1, strokeDash: [2, 3] },
    encoding: { order: { field: 'index', type: 'quantitative' } },
  };
}

const ORDER = { field: 'angle', type: 'quantitative' };

const TOOLTIP = [
  { field: 'angle', type: 'quantitative', title: 'turned by (degrees)', format: '.4~g' },
  { field: 'x', type: 'quantitative', title: 'PC 1', format: '.5~g' },
  { field: 'y', type: 'quantitative', title: 'PC 2', format: '.5~g' },
  { field: 'run', type: 'nominal', title: 'run' },
];

function methodPath(method: string): object[] {
  const { colour } = methodStyle(method);
  return [
    {
      mark: { type: 'line', color: colour, strokeWidth: 2, strokeJoin: 'round', interpolate: 'linear' },
      encoding: { order: ORDER },
    },
    {
      transform: [{ filter: 'datum.mark' }],
      mark: { type: 'point', filled: true, color: colour, size: 22, opacity: 1 },
      encoding: { tooltip: TOOLTIP },
    },
  ];
}

function anglePath(): object[] {
  return [
    { mark: { type: 'line', color: MUTED, strokeWidth: 1 }, encoding: { order: ORDER } },
    {
      mark: { type: 'point', filled: true, size: 26, opacity: 1 },
      encoding: {
        tooltip: TOOLTIP,
        color: {
          field: 'angle',
          type: 'quantitative',
          legend: null,
          scale: { domain: [0, 360], scheme: 'rainbow' },
        },
      },
    },
  ];
}

/** Hollow, in the path's own colour: a path that never leaves its start still shows whose it is. */
function startLayer(method: string, colour: 'method' | 'angle'): object {
  return {
    transform: [{ filter: 'datum.start' }],
    mark: {
      ...{ type: 'point', filled: true, fill: PAGE, strokeWidth: 2, size: 46, opacity: 1 },
      stroke: colour === 'method' ? methodStyle(method).colour : INK,
    },
    encoding: { tooltip: TOOLTIP },
  };
}

/** What the path looks like in words: its size, and how far the distance from the centre varies. */
export function describePath(trajectory: Trajectory): string {
  const circle = idealCircle(trajectory.points);
  const radii = trajectory.points.map((point) => Math.hypot(point.x - circle.x, point.y - circle.y));
  const low = brief(Math.min(...radii), 2);
  const high = brief(Math.max(...radii), 2);
  return `${trajectory.title}: the path stays between ${low} and ${high} from its centre (mean ${brief(circle.radius, 2)}).`;
}
