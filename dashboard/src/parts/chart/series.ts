/** What a line chart shows. */
import { axisOf, type Axis } from "../../board/axis.ts";
import type { Mark } from "../../board/marks.ts";

export interface Point {
  readonly x: number;
  /** NaN where it is undefined: the line has a gap there. */
  readonly y: number;
  /** Standard error; NaN where there is none. */
  readonly error: number;
  /** In full, for whoever points at it. */
  readonly text: string;
  /** Whether it stands out, as the one that the page is about. */
  readonly marked?: boolean;
}

export interface Series {
  readonly name: string;
  readonly mark: Mark;
  /** By rising x. */
  readonly points: readonly Point[];
}

/** A height to compare with, such as chance. */
export interface Level {
  readonly name: string;
  readonly y: number;
  /** Dashes, as SVG has them. */
  readonly dashes: string;
}

/** An axis that holds all points with their errors, and the levels. @param factor 100 for shares in per cent. */
export function heights(series: readonly Series[], levels: readonly Level[], factor = 1): Axis | null {
  let [least, most] = [Infinity, -Infinity];
  const take = (value: number) => {
    if (value < least) least = value;
    if (value > most) most = value;
  };
  for (const { points } of series) {
    for (const { y, error } of points) {
      if (Number.isNaN(y)) continue;
      const bar = Number.isNaN(error) ? 0 : error;
      take(y - bar);
      take(y + bar);
    }
  }
  if (least > most) return null;
  for (const { y } of levels) take(y);
  return axisOf([least, most], false, factor);
}

/** Runs of points without a gap. */
export function pieces(points: readonly Point[]): Point[][] {
  const found: Point[][] = [[]];
  for (const point of points) {
    if (Number.isNaN(point.y)) found.push([]);
    else found.at(-1)!.push(point);
  }
  return found.filter(({ length }) => length > 0);
}
