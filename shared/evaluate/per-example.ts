/** Every example's own value of every measure: what paired comparisons of checkpoints need. */
import type { Measure } from "../measures/index.ts";
import { exactOf } from "./exact-sums.ts";
import type { Tally } from "./tally.ts";

/**
 * [examples]: an example's sum over its labelled tokens, such that their sum over M is the measure (without the
 * reconciliation with per-tensor parts). Null where the tally does not hold the measure.
 */
export function perExample(tally: Tally, measure: Measure): readonly number[] | null {
  if (measure.forward) return measure.forward === "loss" ? tally.loss : tally.excess;
  const sums = tally.measures[measure.id];
  if (!sums) return null;
  const exact = exactOf(tally, measure)?.sum;
  return sums.sum.map((sum, i) => {
    const directions = tally.directions[i]!;
    return (directions > 0 ? sum / directions : 0) + (exact?.[i] ?? 0);
  });
}

/** The same by measure, from the tallies of one evaluation. */
export function perExampleOf(
  measures: readonly Measure[],
  tallies: ReadonlyMap<unknown, Tally>,
): Record<string, readonly number[]> {
  const lists: Record<string, readonly number[]> = {};
  for (const measure of measures) {
    for (const tally of tallies.values()) {
      const values = perExample(tally, measure);
      if (values) lists[measure.id] ??= values;
    }
  }
  return lists;
}
