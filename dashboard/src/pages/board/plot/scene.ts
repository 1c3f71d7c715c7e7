/** Where the points of a plot are, in pixels, and which one is meant. */
import type { Axis } from "../../../board/axis.ts";
import type { Column } from "../../../board/column.ts";

export interface Frame {
  /** Of the whole plot, pixels. */
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Scene {
  readonly frame: Frame;
  readonly x: Column;
  readonly y: Column;
  readonly xAxis: Axis;
  readonly yAxis: Axis;
  /** [rows], pixels; NaN for rows that are no points. */
  readonly px: Float32Array;
  readonly py: Float32Array;
}

export function xPixel({ frame }: Pick<Scene, "frame">, position: number): number {
  return frame.left + position * (frame.width - frame.left - frame.right);
}

export function yPixel({ frame }: Pick<Scene, "frame">, position: number): number {
  return frame.height - frame.bottom - position * (frame.height - frame.top - frame.bottom);
}

export function sceneOf(frame: Frame, x: Column, y: Column, xAxis: Axis, yAxis: Axis): Scene {
  const rows = x.numbers.length;
  const [px, py] = [new Float32Array(rows).fill(NaN), new Float32Array(rows).fill(NaN)];
  for (let row = 0; row < rows; row++) {
    const [at, up] = [xAxis.position(x.numbers[row]!), yAxis.position(y.numbers[row]!)];
    if (Number.isNaN(at) || Number.isNaN(up)) continue;
    px[row] = xPixel({ frame }, at);
    py[row] = yPixel({ frame }, up);
  }
  return { frame, x, y, xAxis, yAxis, px, py };
}

/** The row whose point is nearest, within so many pixels; null where there is none. All are looked at: that takes microseconds. */
export function nearest(
  { px, py }: Pick<Scene, "px" | "py">,
  rows: Int32Array,
  x: number,
  y: number,
  within: number,
): number | null {
  let found: number | null = null;
  let least = within * within;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const distance = (px[row]! - x) ** 2 + (py[row]! - y) ** 2;
    if (distance <= least) {
      least = distance;
      found = row;
    }
  }
  return found;
}

/** The point before or after another one from left to right; from the first or the last where there is none. */
export function neighbour(
  { px, py }: Pick<Scene, "px" | "py">,
  rows: Int32Array,
  from: number | null,
  step: 1 | -1,
): number | null {
  const points = rows
    .filter((row) => !Number.isNaN(px[row]!))
    .sort((a, b) => px[a]! - px[b]! || py[a]! - py[b]! || a - b);
  if (points.length === 0) return null;
  const at = from === null ? -1 : points.indexOf(from);
  if (at < 0) return step > 0 ? points[0]! : points.at(-1)!;
  return points[Math.max(0, Math.min(points.length - 1, at + step))]!;
}
