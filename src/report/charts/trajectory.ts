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
/** What the axes take of a panel, in pixels. */
const MARGINS = 54;

function trajectorySpec(
  trajectory: Trajectory,
  options: TrajectoryOptions & { halfSpan: number; withKey: boolean },
): VegaLiteSpec {
  const { halfSpan, size = DEFAULT_SIZE, colour = 'method' } = options;
  const { points } = trajectory;
  const centre = idealCircle(points);
  const values = closedPath(points, trajectory.run);
  const axes = { halfSpan, centre, xTitle: options.xTitle ?? 'PC 1', yTitle: options.yTitle ?? 'PC 2' };
  return {
    description: trajectory.alt ?? describePath(trajectory),
    width: size - MARGINS,
    height: size - MARGINS,
    padding: 2,
    data: { values },
    encoding: { x: axis('x', axes), y: axis('y', axes) },
    layer: [
      circleLayer(centre),
      ...(colour === 'method' ? methodPath(trajectory.method) : anglePath()),
      startLayer(trajectory.method, colour),
      ...keyLayers(options),
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

/** The name of the upright axis lies above it, so that a small panel keeps its width for the path. */
const Y_AXIS = {
  ...{ tickCount: 3, grid: true, gridColor: GRID, format: '.2~f', minExtent: 30, maxExtent: 30 },
  ...{ titleAngle: 0, titleAlign: 'left', titleBaseline: 'bottom', titleX: -34, titleY: -5 },
};
const X_AXIS = { tickCount: 3, grid: true, gridColor: GRID, format: '.2~f', titlePadding: 2 };

interface AxisInput {
  readonly halfSpan: number;
  readonly centre: { readonly x: number; readonly y: number };
  readonly xTitle: string;
  readonly yTitle: string;
}

function axis(channel: 'x' | 'y', input: AxisInput): object {
  const centre = input.centre[channel];
  const domain = [centre - input.halfSpan, centre + input.halfSpan];
  return {
    field: channel,
    type: 'quantitative',
    title: channel === 'x' ? input.xTitle : input.yTitle,
    scale: { domain: domain.map(drawn), nice: false, zero: false },
    axis: channel === 'x' ? X_AXIS : Y_AXIS,
  };
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

/** Names of the two lines and of the mark, in the corners of the first panel, where no path comes. */
function keyLayers(options: { readonly withKey?: boolean; readonly size?: number }): object[] {
  if (options.withKey !== true) return [];
  const side = (options.size ?? DEFAULT_SIZE) - MARGINS;
  const corner = (text: string, x: number, align: string): object => ({
    data: { values: [{ text }] },
    mark: { type: 'text', align, baseline: 'bottom', color: MUTED, fontSize: 11 },
    encoding: { x: { value: x }, y: { value: side - 1 }, text: { field: 'text' } },
  });
  return [corner('\u25cb 0\u00b0', 2, 'left'), corner('\u2504 ideal', side - 1, 'right')];
}

/** What the path looks like in words: its size, and how far the distance from the centre varies. */
export function describePath(trajectory: Trajectory): string {
  const circle = idealCircle(trajectory.points);
  const radii = trajectory.points.map((point) => Math.hypot(point.x - circle.x, point.y - circle.y));
  const low = brief(Math.min(...radii), 2);
  const high = brief(Math.max(...radii), 2);
  return `${trajectory.title}: the path stays between ${low} and ${high} from its centre (mean ${brief(circle.radius, 2)}).`;
}
