/** The loss window: checkpoints whose losses are so close that loss cannot explain what else differs between them. */

export interface LossWindow {
  /** Nats; both ends are included. */
  readonly low: number;
  readonly high: number;
}

/** Nats. */
export const DEFAULT_WIDTH = 0.01;

/**
 * The window of a width that holds the most checkpoints, and of several the lowest: its members are as central in it as
 * can be. Null where no loss is defined.
 *
 * @param sorted losses by rising value.
 */
export function densestWindow(sorted: Float64Array, width = DEFAULT_WIDTH): LossWindow | null {
  if (sorted.length === 0) return null;
  let best = { count: 0, first: 0, last: 0 };
  for (let first = 0, last = 0; first < sorted.length; first++) {
    while (last + 1 < sorted.length && sorted[last + 1]! - sorted[first]! <= width) last++;
    if (last - first + 1 > best.count) best = { count: last - first + 1, first, last };
  }
  const [lowest, highest] = [sorted[best.first]!, sorted[best.last]!];
  // What is left of the width lies on both sides, but lets nobody else in.
  const slack = (width - (highest - lowest)) / 2;
  const below = Math.min(slack, (lowest - (sorted[best.first - 1] ?? -Infinity)) / 2);
  return widened({ low: lowest - below, high: lowest - below + width });
}

/** Defined values by rising value. */
export function sortedDefined(numbers: Float64Array): Float64Array {
  // NaN comes last.
  const sorted = numbers.slice().sort();
  let count = sorted.length;
  while (count > 0 && Number.isNaN(sorted[count - 1]!)) count--;
  return sorted.subarray(0, count);
}

/** How many of sorted values lie in a window. */
export function countWithin(sorted: Float64Array, { low, high }: LossWindow): number {
  return firstAbove(sorted, high, true) - firstAbove(sorted, low, false);
}

/** The first position whose value is above `limit`, or at it where that counts. */
function firstAbove(sorted: Float64Array, limit: number, strictly: boolean): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const value = sorted[middle]!;
    if (strictly ? value > limit : value >= limit) to = middle;
    else from = middle + 1;
  }
  return from;
}

export type WindowPart = "low" | "high" | "whole";

/**
 * The window after one of its ends, or all of it, was moved by so many nats. It stays within the range, no end passes
 * the other, and a window moved as a whole keeps its width.
 */
export function movedWindow(
  { low, high }: LossWindow,
  part: WindowPart,
  by: number,
  [least, most]: readonly [least: number, most: number],
): LossWindow {
  if (part === "low") return rounded({ low: Math.min(high, Math.max(Math.min(least, low), low + by)), high });
  if (part === "high")
    return rounded({ low, high: Math.max(low, Math.min(Math.max(most, high), high + by)) });
  const [down, up] = [Math.min(0, least - low), Math.max(0, most - high)];
  const step = Math.min(up, Math.max(down, by));
  return rounded({ low: low + step, high: high + step });
}

/** Links need no more digits than these: a tenth of a thousandth of the default width. */
const rounded = ({ low, high }: LossWindow): LossWindow => ({
  low: Number(low.toFixed(6)),
  high: Number(high.toFixed(6)),
});

/** Rounded so that whoever is at an end stays within. */
const widened = ({ low, high }: LossWindow): LossWindow => ({
  low: Math.floor(low * 1e6) / 1e6,
  high: Math.ceil(high * 1e6) / 1e6,
});

/** [edges − 1]: how many values lie from each edge up to the next; the last edge is included. */
export function histogram(sorted: Float64Array, edges: ArrayLike<number>): Uint32Array {
  const counts = new Uint32Array(edges.length - 1);
  let below = firstAbove(sorted, edges[0]!, false);
  for (let bar = 0; bar < counts.length; bar++) {
    const to = firstAbove(sorted, edges[bar + 1]!, bar === counts.length - 1);
    counts[bar] = to - below;
    below = to;
  }
  return counts;
}
