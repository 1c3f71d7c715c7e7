import type { Grouping } from "./grouping.ts";
import { linearStatistic } from "./linear-statistic.ts";
import type { RunStatistic } from "./run-statistic.ts";

/**
 * Stratified Spearman correlation, ranks taken anew for each set of weights: `linearStatistic` of mid-distribution
 * scores (values below + half of those equal, as a share of the stratum), in which strata of all sizes count alike.
 */
export function rankStatistic(variables: readonly (readonly number[])[], grouping: Grouping): RunStatistic {
  const { runOf, stratumOf } = grouping;
  const strata = runOf.map((run) => stratumOf[run]!);
  const orders = variables.map((values) => stratifiedOrder(values, strata));
  return (weights) => {
    const kept = runOf.map((run) => weights[run]!);
    const scores = variables.map((values, v) => midScores(values, strata, orders[v]!, kept));
    return linearStatistic(scores, grouping)(weights);
  };
}

/** Positions sorted by stratum, then value. */
export function stratifiedOrder(values: readonly number[], strata: readonly number[]): number[] {
  return values.map((_, i) => i).sort((a, b) => strata[a]! - strata[b]! || values[a]! - values[b]!);
}

/** Mid-distribution scores in (0, 1) within strata; `order` from `stratifiedOrder`, `weights` by checkpoint. */
export function midScores(
  values: readonly number[],
  strata: readonly number[],
  order: readonly number[],
  weights: readonly number[],
): number[] {
  const scores = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length;) {
    const stratum = strata[order[from]!]!;
    let end = from;
    let size = 0;
    for (; end < order.length && strata[order[end]!] === stratum; end++) size += weights[order[end]!]!;
    let below = 0;
    for (let start = from; start < end && size > 0;) {
      let stop = start;
      let equal = 0;
      const value = values[order[start]!];
      for (; stop < end && values[order[stop]!] === value; stop++) equal += weights[order[stop]!]!;
      for (; start < stop; start++) scores[order[start]!] = (below + equal / 2) / size;
      below += equal;
    }
    from = end;
  }
  return scores;
}
